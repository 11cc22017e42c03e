import { Client } from "pg";
import * as z from "zod";
import { applyMigrations } from "../../../migrations/apply.ts";
import { startMcpServer } from "../../servers/mcp-server.ts";
import {
  connectionUrl,
  type DatabaseConnection,
  type PostgresServer,
  startPostgres,
} from "../../servers/postgres.ts";
import { startProgram } from "../../servers/program.ts";
import type { Load } from "./load.ts";

export const ROOM = "550e8400-e29b-41d4-a716-446655440003";

/** A server under measurement. */
export interface MeasuredServer {
  readonly pid: number;
  readonly url: URL;
  readonly token?: string;
  stop(): Promise<void>;
}

export interface MeasuredDatabase {
  /** For `DATABASE_URL`. */
  readonly url: string;
  readonly connection: DatabaseConnection;
  readonly server: PostgresServer;
}

/** A PostgreSQL with the chat's schema and a room of a thousand messages. */
export async function startMeasuredDatabase(): Promise<MeasuredDatabase> {
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
      select '${ROOM}', 'u' || (n % 50 + 1),
             'Message number ' || n || ', about as long as people write them in a chat.', now() - n * interval '1 minute'
        from generate_series(1, 1000) n;
    analyze;`);
  await client.end();
  return { url: connectionUrl(connection, server.caFile), connection, server };
}

/** The MCP server with the Node.js options of its image. */
export async function startOurs(databaseUrl: string): Promise<MeasuredServer> {
  const { pid, ready, stop } = await startMcpServer(1, {
    BACKEND_TYPE: "postgres",
    DATABASE_URL: databaseUrl,
  });
  return { pid, url: new URL(ready.url), token: ready.tokens[0] ?? "", stop };
}

const ready = z.object({ port: z.number() });

/** A server to compare with, with the default options of Node.js. */
export async function startReference(
  program: "bare" | "forms" | "sdk",
  databaseUrl: string,
): Promise<MeasuredServer> {
  const started = await startProgram(`tools/bench/mcp/${program}.ts`, ready, {
    variables: { DATABASE_URL: databaseUrl },
    nodeOptions: [],
  });
  return {
    pid: started.pid,
    url: new URL(`http://127.0.0.1:${started.ready.port}/mcp`),
    stop: started.stop,
  };
}

/** The request for a page of the room's messages. */
export function pageRequest(
  { url, token }: MeasuredServer,
  limit: number,
): Pick<Load, "url" | "headers" | "body"> {
  const params = { name: "chat_get_messages", arguments: { room_id: ROOM, limit } };
  return {
    url,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    body: { jsonrpc: "2.0", id: 1, method: "tools/call", params },
  };
}
