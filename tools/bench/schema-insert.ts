/**
 * What the rules cost: the same insert with our triggers and with them disabled, one connection,
 * synchronous_commit off, foreign keys and indexes kept, one prepared statement per row.
 * Rounds of both kinds alternate, each into a table of its own beginning; the ratio is of their medians.
 *
 * Run: npm run bench -- schema-insert [rows]
 */
import { Client } from "pg";
import { applyMigrations } from "../../migrations/apply.ts";
import { startPostgres } from "../servers/postgres.ts";
import { median } from "./median.mjs";

const rows = Number(process.argv[2] ?? 100_000);
const rounds = 5;
const room = "550e8400-e29b-41d4-a716-446655440003";
const rules = ["chat_messages_enforce_rules", "chat_messages_request_link_preview"];

const server = await startPostgres();
try {
  const database = await server.createDatabase();
  await applyMigrations(database);
  const client = new Client(database);
  await client.connect();
  await client.query("set synchronous_commit = off");
  await client.query("insert into users (id) select 'user-' || n from generate_series(1, 1000) n");
  await client.query("insert into chat_members (room_id, user_id) select $1, id from users", [room]);

  const round = async (withRules: boolean): Promise<number> => {
    for (const rule of rules) {
      await client.query(`alter table chat_messages ${withRules ? "enable" : "disable"} trigger ${rule}`);
    }
    await client.query("truncate chat_messages");
    const each = Math.ceil(rows / rounds);
    const start = process.hrtime.bigint();
    for (let n = 0; n < each; n++) {
      await client.query({
        name: "insert-message",
        text: "insert into chat_messages (room_id, user_id, content) values ($1, $2, $3)",
        values: [room, `user-${(n % 1000) + 1}`, `message number ${n}`],
      });
    }
    return Number(process.hrtime.bigint() - start) / 1000 / each;
  };

  await round(true);
  const without: number[] = [];
  const withRules: number[] = [];
  for (let n = 0; n < rounds; n++) {
    without.push(await round(false));
    withRules.push(await round(true));
  }
  console.log(`${rows} inserts of each kind, one by one, prepared, in ${rounds} rounds; medians`);
  console.log(`rule triggers disabled: ${median(without).toFixed(1)} µs per message (baseline)`);
  console.log(`rule triggers enabled:  ${median(withRules).toFixed(1)} µs per message`);
  console.log(`ratio: ${(median(withRules) / median(without)).toFixed(2)} (allowed: 1.5)`);
  await client.end();
} finally {
  await server.stop();
}
