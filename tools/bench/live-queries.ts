// What Hasura asks the database for its subscribers, once per interval: a statement for each hundred of them, with the
// permissions of role user. Nothing new has arrived, which is so in most intervals.
import { randomUUID } from "node:crypto";
import type { Client } from "pg";
import { tables } from "../../modules/chat-hasura-lite/metadata/metadata.ts";
import { median } from "../ab/statistics.ts";
import { HasuraSql, permissionOf, trackedTable } from "../servers/hasura-permissions.ts";
import { startPostgres } from "../servers/postgres.ts";
import { type Figure, type Run, timed } from "./benchmark.ts";
import { peopledDatabase } from "./chat-database.ts";

export const name = "live-queries";
export const description =
  "a poll of the database for 100 subscribers of a room, against one for a single one";

const ROOM = "550e8400-e29b-41d4-a716-446655440003";
/** Subscribers of one statement: Hasura's default. */
const BATCH = 100;
const ME = "{{me}}";

/** The select permission of role user on a row, with each subscriber's id from its session. */
function visible(table: string): string {
  const permission = permissionOf(trackedTable(tables, table), "select", "user");
  const filter = ("filter" in permission && permission.filter) || {};
  const sql = new HasuraSql(tables, { "x-hasura-user-id": ME });
  return sql
    .condition(table, "t", filter)
    .replaceAll(/\$(\d+)/g, (_, number) =>
      sql.values[Number(number) - 1] === ME ? "(subs.vars ->> 'me')" : String(sql.values[Number(number) - 1]),
    );
}

/** As the engine multiplexes a query: each subscriber's answer as JSON, by its id. */
const multiplexed = (rows: string) => `
  select subs.id, answer.root from unnest($1::uuid[], $2::json[]) as subs (id, vars)
    left join lateral (select coalesce(json_agg(page), '[]') as root from (${rows}) page) answer on true`;

const subscriptions = {
  "live query of the newest 50 messages": multiplexed(`
    select t.id, t.user_id, t.content, t.message_type, t.created_at from chat_messages t
     where t.room_id = (subs.vars ->> 'room')::uuid and ${visible("chat_messages")}
     order by t.created_at desc, t.id desc limit 50`),
  "stream of new messages": multiplexed(`
    select t.id, t.seq, t.user_id, t.content, t.created_at, t.updated_at from chat_messages t
     where t.room_id = (subs.vars ->> 'room')::uuid and t.seq > (subs.vars ->> 'since')::bigint
       and ${visible("chat_messages")}
     order by t.seq limit 50`),
};

export async function measure({ quick, progress }: Run): Promise<Figure[]> {
  const messages = quick ? 10_000 : 200_000;
  const polls = quick ? 20 : 200;
  const server = await startPostgres({ large: true });
  try {
    const client = await peopledDatabase(server);
    progress(`filling a table with ${messages} messages`);
    await client.query(
      `insert into chat_messages (room_id, user_id, content, seq, created_at, updated_at)
       select ('550e8400-e29b-41d4-a716-44665544000' || 1 + n % 3)::uuid, 'user-' || 1 + n % 1000,
              'message ' || n || ' about a light in the sky', n, t, t
         from (select n, timestamptz '2025-01-01' + n * interval '1 second' as t from generate_series(1, $1::int) n)`,
      [messages],
    );
    // Everybody has blocked three others.
    await client.query(
      `insert into chat_blocks (user_id, blocked_id)
       select 'user-' || n, 'user-' || 1 + (n + other) % 1000 from generate_series(1, 1000) n, generate_series(1, 3) other`,
    );
    await client.query("vacuum analyze");
    const figures: Figure[] = [];
    for (const [label, text] of Object.entries(subscriptions)) {
      progress(`${polls} polls of the ${label}`);
      figures.push({
        label: `${label}, a poll for ${BATCH}`,
        measured: await pollTime(client, text, BATCH, messages, polls),
        unit: "ms",
        baseline: { label: "for one", measured: await pollTime(client, text, 1, messages, polls) },
      });
    }
    await client.end();
    return figures;
  } finally {
    await server.stop();
  }
}

/** Median time of a poll, in milliseconds. */
async function pollTime(
  client: Client,
  text: string,
  subscribers: number,
  since: number,
  polls: number,
): Promise<number> {
  const ids = Array.from({ length: subscribers }, () => randomUUID());
  const variables = ids.map((_, n) => JSON.stringify({ me: `user-${n + 1}`, room: ROOM, since }));
  const times: number[] = [];
  for (let n = 0; n < polls; n++)
    times.push(await timed(() => client.query({ name: text.slice(-60), text, values: [ids, variables] })));
  return median(times);
}
