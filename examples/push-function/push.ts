import { Client } from "pg";
import * as z from "zod";

/** Messages of one run. */
const BATCH = 100;
/** Devices of one request to the gateway. */
const DEVICES = 100;
/** Rooms that are too large to wake everybody for each message: Community. */
const SILENT_ROOMS: readonly string[] = ["550e8400-e29b-41d4-a716-446655440003"];

/** Takes the oldest messages out of the outbox, with the devices that are told of them. Rooms of $2 are dropped. */
const TAKE = `
  with taken as (
    delete from chat_push_outbox where message_id in (
      select message_id from chat_push_outbox order by created_at limit $1 for update skip locked)
    returning message_id)
  select message.id, message.room_id, jsonb_agg(jsonb_build_object('app_id', device.app_id, 'pushkey', device.pushkey)) as devices
    from taken
    join chat_messages message on message.id = taken.message_id and not message.is_deleted
    join chat_members member on member.room_id = message.room_id and member.user_id is distinct from message.user_id
    join chat_push_devices device on device.user_id = member.user_id
   where message.room_id <> all ($2)
     and not exists (
       select from chat_blocks block where block.user_id = member.user_id and block.blocked_id = message.user_id)
     and not exists (
       select from chat_bans ban
        where ban.room_id = message.room_id and ban.user_id = member.user_id
          and (ban.expires_at is null or ban.expires_at > now()))
   group by message.id, message.room_id`;

const rows = z.array(
  z.object({
    id: z.string(),
    room_id: z.string(),
    devices: z.array(z.object({ app_id: z.string(), pushkey: z.string() })),
  }),
);
const answer = z.object({ rejected: z.array(z.string()) });

/**
 * Announces a batch of messages to a push gateway, and forgets devices that it rejects. If the gateway fails, the messages
 * stay in the outbox.
 *
 * @returns how many messages were announced
 */
export async function push(
  client: Client,
  gateway: string,
  silentRooms: readonly string[] = SILENT_ROOMS,
): Promise<number> {
  await client.query("begin");
  try {
    const messages = rows.parse((await client.query(TAKE, [BATCH, silentRooms])).rows);
    for (const { id, room_id, devices } of messages)
      for (let from = 0; from < devices.length; from += DEVICES) {
        const notification = { event_id: id, room_id, devices: devices.slice(from, from + DEVICES) };
        const response = await fetch(`${gateway}/_matrix/push/v1/notify`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ notification }),
          signal: AbortSignal.timeout(10_000),
        });
        if (!response.ok) throw new Error(`the push gateway answered ${response.status}`);
        const { rejected } = answer.parse(await response.json());
        if (rejected.length > 0)
          await client.query("delete from chat_push_devices where pushkey = any($1)", [rejected]);
      }
    await client.query("commit");
    return messages.length;
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}

/** A scheduled Lambda function: DATABASE_URL names the database, PUSH_GATEWAY the gateway. */
export async function handler(): Promise<{ announced: number }> {
  const client = new Client({ connectionString: process.env["DATABASE_URL"] });
  await client.connect();
  try {
    return { announced: await push(client, process.env["PUSH_GATEWAY"] ?? "") };
  } finally {
    await client.end();
  }
}
