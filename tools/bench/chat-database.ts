import { Client } from "pg";
import { applyMigrations } from "../../migrations/apply.ts";
import type { PostgresServer } from "../servers/postgres.ts";

/**
 * A database of its own with the chat's schema, and 1000 users who are members of all rooms. Its triggers and foreign keys
 * are off on this connection, for a quick fill, until `session_replication_role` is `origin` again.
 */
export async function peopledDatabase(server: PostgresServer): Promise<Client> {
  const database = await server.createDatabase();
  await applyMigrations(database);
  const client = new Client(server.asSuperuser(database));
  // After a failure the server ends this connection; the first error is the one to report.
  client.on("error", () => {});
  await client.connect();
  await client.query("set session_replication_role = replica; set maintenance_work_mem = '1GB'");
  await client.query("insert into users (id) select 'user-' || n from generate_series(1, 1000) n");
  await client.query(
    "insert into chat_members (room_id, user_id) select r.id, u.id from chat_rooms r, users u",
  );
  return client;
}
