/**
 * A page of 50 messages of one room at 5 million messages against the same at 10 thousand (baseline):
 * the newest page and one in the middle, as the database's owner reads it and with the visibility that
 * the role `user` has. Prints the plan's index and the ratio of the medians.
 *
 * Run: npm run bench -- schema-page [messages]
 */
import { Client } from "pg";
import { applyMigrations } from "../../migrations/apply.ts";
import { startPostgres } from "../servers/postgres.ts";
import { median } from "./median.mjs";

const many = Number(process.argv[2] ?? 5_000_000);
const few = 10_000;
const runs = 2000;
const room = "550e8400-e29b-41d4-a716-446655440003";

const page = (visibility: string) => `
  select m.id, m.content, m.user_id, m.created_at from chat_messages m
   where m.room_id = $1 and (m.created_at, m.id) < ($2::timestamptz, $3::uuid) ${visibility}
   order by m.created_at desc, m.id desc limit 50`;
const queries = {
  owner: page(""),
  // What Hasura makes of the select permission of the role user.
  user: page(`and m.is_deleted = false and exists (select from chat_rooms r where r.id = m.room_id
    and exists (select from chat_members p where p.room_id = r.id and p.user_id = 'user-7')
    and not exists (select from chat_bans b where b.room_id = r.id and b.user_id = 'user-7' and chat_bans_is_active(b)))`),
};

const server = await startPostgres();
try {
  const fill = async (messages: number): Promise<Client> => {
    const database = await server.createDatabase();
    await applyMigrations(database);
    const client = new Client(server.asSuperuser(database));
    // The server's end closes what an error left open; the error itself is what to print.
    client.on("error", () => {});
    await client.connect();
    // Triggers, foreign keys and the slow indexes are left out while filling, not while reading.
    await client.query("set session_replication_role = replica; set maintenance_work_mem = '1GB'");
    await client.query("insert into users (id) select 'user-' || n from generate_series(1, 1000) n");
    await client.query(
      "insert into chat_members (room_id, user_id) select r.id, u.id from chat_rooms r, users u",
    );
    const { rows } = await client.query(
      "select indexname, indexdef from pg_indexes where tablename = 'chat_messages' and indexname like 'idx_%'",
    );
    for (const { indexname } of rows) await client.query(`drop index ${indexname}`);
    await client.query(
      `insert into chat_messages (room_id, user_id, content, is_deleted, created_at, updated_at)
       select ('550e8400-e29b-41d4-a716-44665544000' || 1 + n % 3)::uuid, 'user-' || 1 + n % 1000,
              'message ' || n || ' about a light in the sky', n % 50 = 0, t, t
         from (select n, timestamptz '2025-01-01' + n * interval '1 second' as t from generate_series(1, $1::int) n)`,
      [messages],
    );
    for (const { indexdef } of rows) await client.query(indexdef);
    await client.query("vacuum analyze chat_messages, chat_members, chat_rooms");
    return client;
  };

  const cursor = async (client: Client, skipped: number) => {
    const { rows } = await client.query(
      "select created_at, id from chat_messages where room_id = $1 order by created_at desc, id desc offset $2 limit 1",
      [room, skipped],
    );
    return [room, rows[0].created_at, rows[0].id];
  };

  const measure = async (client: Client, text: string, values: unknown[]): Promise<number> => {
    const times: number[] = [];
    for (let n = 0; n < runs; n++) {
      const start = process.hrtime.bigint();
      const { rowCount } = await client.query({ name: text.slice(-60), text, values });
      times.push(Number(process.hrtime.bigint() - start) / 1000);
      if (rowCount !== 50) throw new Error(`a page of ${rowCount} messages`);
    }
    return median(times);
  };

  const small = await fill(few);
  const start = Date.now();
  const large = await fill(many);
  console.log(
    `${many} messages filled in ${Math.round((Date.now() - start) / 1000)} s; medians of ${runs} pages`,
  );
  for (const [who, text] of Object.entries(queries)) {
    const newest = [room, "2100-01-01", "ffffffff-ffff-ffff-ffff-ffffffffffff"];
    const places = [
      { place: "newest page", small: newest, large: newest },
      {
        place: "middle page",
        small: await cursor(small, Math.floor(few / 6)),
        large: await cursor(large, Math.floor(many / 6)),
      },
    ];
    for (const at of places) {
      const baseline = await measure(small, text, at.small);
      const time = await measure(large, text, at.large);
      console.log(
        `${who}, ${at.place}: ${baseline.toFixed(0)} µs at ${few}, ${time.toFixed(0)} µs at ${many}; ` +
          `ratio ${(time / baseline).toFixed(2)} (allowed: 1.5)`,
      );
    }
    const plan = await large.query(`explain ${text}`, newest);
    const lines = plan.rows.map((row) => String(row["QUERY PLAN"]));
    console.log(`${who}, plan: ${lines.find((line) => line.includes("chat_messages"))?.trim()}`);
  }
  await small.end();
  await large.end();
} finally {
  await server.stop();
}
