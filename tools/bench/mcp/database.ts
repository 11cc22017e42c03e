// A PostgreSQL with the chat's schema and a room of a thousand messages; prints its URL.
import { Client } from "pg";
import { applyMigrations } from "../../../migrations/apply.ts";
import { startPostgres } from "../../servers/postgres.ts";

const server = await startPostgres();
const connection = await server.createDatabase();
await applyMigrations(connection);
const client = new Client(connection);
await client.connect();
await client.query(`
  insert into users (id, username, display_name) select 'u' || n, 'user' || n, 'User ' || n from generate_series(1, 50) n;
  insert into users (id, username) values ('phenom-agent', 'agent');
  insert into chat_members (room_id, user_id) select r.id, u.id from chat_rooms r, users u;
  insert into chat_messages (room_id, user_id, content, created_at)
    select '550e8400-e29b-41d4-a716-446655440003', 'u' || (n % 50 + 1),
           'Message number ' || n || ', about as long as people write them in a chat.', now() - n * interval '1 minute'
      from generate_series(1, 1000) n;
  analyze;`);
await client.end();
const { user, password, host, port, database } = connection;
process.send?.({
  url: `postgres://${user}:${password}@${host}:${port}/${database}?sslmode=verify-full&sslrootcert=${server.caFile}`,
});
process.on("message", () => void server.stop().then(() => process.exit(0)));
