// The newest page and one in the middle, as the database's owner reads it and with the permissions of the role `user`.
import type { Client } from "pg";
import * as z from "zod";
import { median } from "../ab/statistics.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { type Figure, type Run, timed } from "./benchmark.ts";
import { peopledDatabase } from "./chat-database.ts";

export const name = "schema-page";
export const description =
  "a page of 50 messages of a room in a table of 5 million, against a table of 10 thousand";

const FEW = 10_000;
const PAGE = 50;
const ROOM = "550e8400-e29b-41d4-a716-446655440003";

const page = (visibility: string) => `
  select m.id, m.content, m.user_id, m.created_at from chat_messages m
   where m.room_id = $1 and (m.created_at, m.id) < ($2::timestamptz, $3::uuid) ${visibility}
   order by m.created_at desc, m.id desc limit ${PAGE}`;
const queries = {
  owner: page(""),
  // The SQL that Hasura makes of the select permission of the role user.
  user: page(`and m.is_deleted = false and exists (select from chat_rooms r where r.id = m.room_id
    and exists (select from chat_members p where p.room_id = r.id and p.user_id = 'user-7')
    and not exists (select from chat_bans b where b.room_id = r.id and b.user_id = 'user-7' and chat_bans_is_active(b)))
    and not exists (select from chat_blocks k where k.blocked_id = m.user_id and k.user_id = 'user-7')`),
};

type Cursor = readonly [room: string, createdAt: unknown, id: string];
const newest: Cursor = [ROOM, "2100-01-01", "ffffffff-ffff-ffff-ffff-ffffffffffff"];

export async function measure({ quick, progress }: Run): Promise<Figure[]> {
  const many = quick ? 200_000 : 5_000_000;
  const runs = quick ? 200 : 2000;
  const server = await startPostgres({ large: true });
  try {
    const small = await filled(server, FEW);
    progress(`filling a table with ${many} messages`);
    const large = await filled(server, many);
    const positions = [
      { position: "newest", small: newest, large: newest },
      { position: "middle", small: await middle(small, FEW), large: await middle(large, many) },
    ];
    const figures: Figure[] = [];
    for (const [reader, text] of Object.entries(queries)) {
      for (const at of positions) {
        progress(`${runs} reads of the ${at.position} page as ${reader} in each table`);
        const baseline = await pageTime(small, text, at.small, runs);
        figures.push({
          label: `${at.position} page as ${reader}, of ${many} messages`,
          measured: await pageTime(large, text, at.large, runs),
          unit: "µs",
          baseline: { label: `of ${FEW}`, measured: baseline },
          target: { atMost: 1.5 },
        });
      }
      progress(`plan as ${reader}: ${await scan(large, text)}`);
    }
    await small.end();
    await large.end();
    return figures;
  } finally {
    await server.stop();
  }
}

const indexesSchema = z.array(z.object({ indexname: z.string(), indexdef: z.string() }));

/** A database of its own with that many messages in three rooms. */
async function filled(server: PostgresServer, messages: number): Promise<Client> {
  const client = await peopledDatabase(server);
  // The slow indexes are off during the fill and on during the reads.
  const indexes = indexesSchema.parse(
    (
      await client.query(
        "select indexname, indexdef from pg_indexes where tablename = 'chat_messages' and indexname like 'idx_%'",
      )
    ).rows,
  );
  for (const { indexname } of indexes) await client.query(`drop index ${indexname}`);
  await client.query(
    `insert into chat_messages (room_id, user_id, content, is_deleted, created_at, updated_at)
     select ('550e8400-e29b-41d4-a716-44665544000' || 1 + n % 3)::uuid, 'user-' || 1 + n % 1000,
            'message ' || n || ' about a light in the sky', n % 50 = 0, t, t
       from (select n, timestamptz '2025-01-01' + n * interval '1 second' as t from generate_series(1, $1::int) n)`,
    [messages],
  );
  for (const { indexdef } of indexes) await client.query(indexdef);
  await client.query("vacuum analyze chat_messages, chat_members, chat_rooms");
  return client;
}

const cursorSchema = z.object({ created_at: z.date(), id: z.string() });

/** The cursor of the message in the middle of the room, which has a third of all messages. */
async function middle(client: Client, messages: number): Promise<Cursor> {
  const { rows } = await client.query(
    "select created_at, id from chat_messages where room_id = $1 order by created_at desc, id desc offset $2 limit 1",
    [ROOM, Math.floor(messages / 6)],
  );
  const { created_at, id } = cursorSchema.parse(rows[0]);
  return [ROOM, created_at, id];
}

/** Median time of a page, in microseconds. */
async function pageTime(client: Client, text: string, cursor: Cursor, runs: number): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < runs; n++)
    times.push(
      await timed(async () => {
        const { rowCount } = await client.query({ name: text.slice(-60), text, values: [...cursor] });
        if (rowCount !== PAGE) throw new Error(`a page has ${rowCount} messages instead of ${PAGE}`);
      }),
    );
  return median(times) * 1000;
}

const planSchema = z.array(z.object({ "QUERY PLAN": z.string() }));

/** The line of the plan that reads chat_messages. */
async function scan(client: Client, text: string): Promise<string> {
  const plan = planSchema.parse((await client.query(`explain ${text}`, [...newest])).rows);
  const line = plan.map((row) => row["QUERY PLAN"]).find((each) => each.includes("chat_messages"));
  return line?.trim() ?? "chat_messages is not read";
}
