import { randomUUID } from "node:crypto";
import { Client } from "pg";
import * as z from "zod";
import { applyMigrations } from "../../../migrations/apply.ts";
import { startMcpServer } from "../../servers/mcp-server.ts";
import { connectionUrl, type DatabaseConnection, query } from "../../servers/postgres.ts";
import { startProgram, stopAll } from "../../servers/program.ts";
import type { Live, Side, Target } from "../side.ts";
import { callers, type Workload } from "../workload.ts";
import { roomName } from "../world.ts";
import { type ObservedDatabase, observer, startObservedDatabase, watch } from "./database.ts";
import { liveOnHasura } from "./live-hasura.ts";

const AGENT = "phenom-agent";
const ready = z.object({ endpoint: z.url() });

/** The MCP server on the chat's schema and permissions through GraphQL. */
export const localHasura: Side = {
  key: "B",
  name: "Hasura Lite",
  ran: "the MCP server on backend hasura, over a stand-in of Hasura's engine and PostgreSQL 17 with the chat's schema",
  standIns: [
    "A GraphQL server of this project replaced Hasura's engine. It applies the project's roles, permissions and presets to the real database, but its time and CPU differ from the engine's, which compiles a query to a single SQL statement and caches the plan. Of B, only database and MCP server are certain; C shows what remains without GraphQL.",
    "The limit of 10 messages per second and account (bursts of 30) was removed, as on A.",
    "Waiting apps: Hasura's engine was not there. The stand-in finds new messages as the engine documents it for streaming subscriptions, with one statement for up to 100 subscribers, an interval of 1 s (the engine's default) after the last. So the time until a message arrives, and the database's share of its cost, are those of that setting; each app had an HTTP response instead of a WebSocket.",
    "A sign-in was the provisioner's statement and the newest page. Cognito and the functions that call it were not there; no message had a link, so event trigger, HTTP API and Lambda were idle.",
  ],
  start: (workload) =>
    assemble(workload, async (connection, _, [room = ""]) => {
      const engine = await startProgram("tools/servers/hasura-program.ts", ready, {
        variables: { DATABASE: JSON.stringify(connection) },
      });
      return {
        programs: [engine],
        watched: [watch("graphql", { ...engine, logBytes: async () => 0 })],
        live: (people) =>
          liveOnHasura(engine.ready.endpoint, connection, { room, members: workload.people + 1 }, people),
        variables: {
          BACKEND_TYPE: "hasura",
          HASURA_ENDPOINT: engine.ready.endpoint,
          AGENT_USER_ID: AGENT,
          // Required, but unused: the program passes a session in.
          ...{ AGENT_CLIENT_ID: "unused", AGENT_CLIENT_SECRET: "unused" },
          ...{ AGENT_USERNAME: "unused", AGENT_PASSWORD: "unused" },
        },
      };
    }),
};

/** The same tables without GraphQL: a lower bound of B. */
export const localPostgres: Side = {
  key: "C",
  name: "PostgreSQL alone",
  ran: "the MCP server on backend postgres: the tables of B without GraphQL. Not a candidate: it shows how much of B is the stand-in",
  standIns: [],
  start: (workload) =>
    assemble(workload, async (connection, { server }) => ({
      programs: [],
      watched: [],
      variables: {
        BACKEND_TYPE: "postgres",
        AGENT_USER_ID: AGENT,
        DATABASE_URL: connectionUrl(connection, server.caFile),
      },
    })),
};

interface Middle {
  readonly programs: readonly { stop(): Promise<void> }[];
  readonly watched: Parameters<typeof observer>[1];
  readonly variables: Readonly<Record<string, string>>;
  readonly live?: (people: number) => Promise<Live & { stop(): Promise<void> }>;
}

async function assemble(
  workload: Workload,
  middle: (
    connection: DatabaseConnection,
    database: ObservedDatabase,
    rooms: readonly string[],
  ) => Promise<Middle>,
): Promise<Target> {
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const database = await startObservedDatabase();
    stops.push(database.stop);
    const connection = await database.server.createDatabase("chat");
    await applyMigrations(connection);
    await removeSendLimit(connection);
    const rooms = await makeRooms(connection, workload);
    const { programs, watched, variables, live } = await middle(connection, database, rooms);
    stops.push(...programs.map((program) => program.stop));
    const server = await startMcpServer(callers(workload), variables);
    stops.push(server.stop);
    return {
      mcp: new URL(server.ready.url),
      tokens: server.ready.tokens,
      observe: observer(database, [watch("mcp", server), ...watched]),
      ...(live && {
        live: async (people) => {
          const made = await live(people);
          stops.push(made.stop);
          return made;
        },
      }),
      stop: () => stopAll(stops),
    };
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

const LIMIT = "30 <= (";

/** One account sends for all: the database's limit on an account goes. */
async function removeSendLimit(connection: DatabaseConnection): Promise<void> {
  const [row] = await query(
    connection,
    "select pg_get_functiondef('public.chat_messages_enforce_rules'::regproc) as definition",
  );
  const definition = String(row?.["definition"]);
  if (definition.split(LIMIT).length !== 2) throw new Error("chat_messages_enforce_rules has another limit");
  await query(connection, definition.replace(LIMIT, "2147483647 <= ("));
}

/** @returns the rooms' ids */
async function makeRooms(connection: DatabaseConnection, { rooms, people }: Workload): Promise<string[]> {
  const client = new Client(connection);
  await client.connect();
  try {
    const names = Array.from({ length: people }, (_, n) => `person-${n + 1}`);
    await client.query(
      "insert into users (id, username, display_name) select id, id, 'Person' from unnest($1::text[]) id",
      [[AGENT, ...names]],
    );
    const ids = Array.from({ length: rooms }, () => randomUUID());
    for (const [number, id] of ids.entries()) {
      await client.query("insert into chat_rooms (id, name) values ($1, $2)", [id, roomName(number)]);
      await client.query(
        "insert into chat_members (room_id, user_id, role) select $1, id, case id when $3 then 'admin' else 'user' end from unnest($2::text[]) id",
        [id, [AGENT, ...names], AGENT],
      );
    }
    return ids;
  } finally {
    await client.end();
  }
}
