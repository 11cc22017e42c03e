// Same insert, one connection, synchronous_commit off, foreign keys and indexes kept, one prepared statement per row.
import { Client } from "pg";
import { applyMigrations } from "../../migrations/apply.ts";
import { median } from "../ab/statistics.ts";
import { startPostgres } from "../servers/postgres.ts";
import { alternate, type Figure, type Run, timed } from "./benchmark.ts";

export const name = "schema-insert";
export const description =
  "an insert of a message with the schema's rules, rate limit and order, against triggers disabled";

const ROUNDS = 5;
const ROOM = "550e8400-e29b-41d4-a716-446655440003";
const triggers = ["chat_messages_enforce_rules", "chat_messages_request_link_preview"];

export async function measure({ quick, progress }: Run): Promise<Figure[]> {
  const rows = quick ? 2000 : 20_000;
  const server = await startPostgres();
  try {
    const database = await server.createDatabase();
    await applyMigrations(database);
    const client = new Client(database);
    // The first error is the one to report, and not that the server ends this connection.
    client.on("error", () => {});
    await client.connect();
    await client.query("set synchronous_commit = off");
    // As the engine does for role user: rules, rate limit and the room's sequence.
    await client.query("select set_config('hasura.user', $1, false)", [
      JSON.stringify({ "x-hasura-role": "user", "x-hasura-user-id": "user-1" }),
    ]);
    await client.query("insert into users (id) select 'user-' || n from generate_series(1, 1000) n");
    await client.query("insert into chat_members (room_id, user_id) select $1, id from users", [ROOM]);

    /** Microseconds per message. */
    const round = async (change: "enable" | "disable"): Promise<number> => {
      for (const trigger of triggers)
        await client.query(`alter table chat_messages ${change} trigger ${trigger}`);
      await client.query("truncate chat_messages cascade");
      const milliseconds = await timed(async () => {
        for (let n = 0; n < rows; n++)
          await client.query({
            name: "insert-message",
            text: "insert into chat_messages (room_id, user_id, content) values ($1, $2, $3)",
            values: [ROOM, `user-${(n % 1000) + 1}`, `message number ${n}`],
          });
      });
      return (milliseconds * 1000) / rows;
    };

    await round("enable");
    progress(`${ROUNDS} rounds of ${rows} inserts with triggers and without`);
    const { withTriggers, without } = await alternate(
      { without: () => round("disable"), withTriggers: () => round("enable") },
      ROUNDS,
    );
    await client.end();
    return [
      {
        label: "insert of a message, triggers enabled",
        measured: median(withTriggers),
        unit: "µs",
        baseline: { label: "triggers disabled", measured: median(without) },
        target: { atMost: 1.6 },
      },
    ];
  } finally {
    await server.stop();
  }
}
