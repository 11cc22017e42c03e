import { randomUUID } from "node:crypto";
import { Client } from "pg";
import * as z from "zod";
import { applyMigrations } from "../../../migrations/apply.ts";
import { startMcpServer } from "../../servers/mcp-server.ts";
import { connectionUrl, type DatabaseConnection } from "../../servers/postgres.ts";
import { startProgram, stopAll } from "../../servers/program.ts";
import type { Side, Target } from "../side.ts";
import { callers, type Workload } from "../workload.ts";
import { roomName } from "../world.ts";
import { type ObservedDatabase, observer, startObservedDatabase, watch } from "./database.ts";

const AGENT = "phenom-agent";
const ready = z.object({ endpoint: z.url() });

/** The chat's schema and permissions through GraphQL, and the MCP server on it. */
export const localHasura: Side = {
  key: "B",
  name: "Hasura Lite",
  ran: "the MCP server on backend hasura, over the tests' GraphQL server and PostgreSQL 17 with the chat's schema",
  standIns: [
    "A GraphQL server of the tests stood in for Hasura's engine: it applies the project's own roles, permissions and presets to the real database, but it is not that engine. Its time and CPU are its own; the real one compiles a query to a single SQL statement and keeps the plan. What is certain of B lies in the database and the MCP server; series C shows what is left without any GraphQL in between.",
    "Nobody subscribed to messages, and none carried a link, so that event trigger, HTTP API and Lambda were idle.",
  ],
  start: (workload) =>
    assemble(workload, async (connection) => {
      const engine = await startProgram("tools/servers/hasura-program.ts", ready, {
        variables: { DATABASE: JSON.stringify(connection) },
      });
      return {
        programs: [engine],
        watched: [watch("graphql", { ...engine, logBytes: async () => 0 })],
        variables: {
          BACKEND_TYPE: "hasura",
          HASURA_ENDPOINT: engine.ready.endpoint,
          AGENT_USER_ID: AGENT,
          // Its session is handed to it.
          ...{ AGENT_CLIENT_ID: "unused", AGENT_CLIENT_SECRET: "unused" },
          ...{ AGENT_USERNAME: "unused", AGENT_PASSWORD: "unused" },
        },
      };
    }),
};

/** The same tables without GraphQL: a floor under B. */
export const localPostgres: Side = {
  key: "C",
  name: "PostgreSQL alone",
  ran: "the MCP server on backend postgres: the tables of B, with no GraphQL in between. Not a candidate: it is there to tell what of B is its stand-in",
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
}

async function assemble(
  workload: Workload,
  middle: (connection: DatabaseConnection, database: ObservedDatabase) => Promise<Middle>,
): Promise<Target> {
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const database = await startObservedDatabase();
    stops.push(database.stop);
    const connection = await database.server.createDatabase("chat");
    await applyMigrations(connection);
    await makeRooms(connection, workload);
    const { programs, watched, variables } = await middle(connection, database);
    stops.push(...programs.map((program) => program.stop));
    const server = await startMcpServer(callers(workload), variables);
    stops.push(server.stop);
    return {
      mcp: new URL(server.ready.url),
      tokens: server.ready.tokens,
      observe: observer(database, [watch("mcp", server), ...watched]),
      stop: () => stopAll(stops),
    };
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

async function makeRooms(connection: DatabaseConnection, { rooms, people }: Workload): Promise<void> {
  const client = new Client(connection);
  await client.connect();
  try {
    const names = Array.from({ length: people }, (_, n) => `person-${n + 1}`);
    await client.query(
      "insert into users (id, username, display_name) select id, id, 'Person' from unnest($1::text[]) id",
      [[AGENT, ...names]],
    );
    for (let number = 0; number < rooms; number++) {
      const id = randomUUID();
      await client.query("insert into chat_rooms (id, name) values ($1, $2)", [id, roomName(number)]);
      await client.query(
        "insert into chat_members (room_id, user_id, role) select $1, id, case id when $3 then 'admin' else 'user' end from unnest($2::text[]) id",
        [id, [AGENT, ...names], AGENT],
      );
    }
  } finally {
    await client.end();
  }
}
