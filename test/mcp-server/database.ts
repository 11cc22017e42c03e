import { randomUUID } from "node:crypto";
import { Pool } from "pg";
import { applyMigrations } from "../../migrations/apply.ts";
import {
  connectionUrl,
  type DatabaseConnection,
  type PostgresServer,
  startPostgres,
} from "../../tools/servers/postgres.ts";
import type { ContractWorld } from "./contract.ts";

export const AGENT = "agent-sub";

/** A chat on a PostgreSQL of its own: what the contract asks of a world, over the real schema. */
export interface ChatDatabase {
  readonly server: PostgresServer;
  readonly connection: DatabaseConnection;
  readonly world: Omit<ContractWorld, "backend">;
  /** Runs SQL as the schema's owner. */
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  stop(): Promise<void>;
}

/** The database's URL, for `DATABASE_URL`. @param port of a proxy before it */
export const databaseUrl = ({ connection, server }: ChatDatabase, port = connection.port): string =>
  connectionUrl({ ...connection, port }, server.caFile);

const room = (digit: number) => `550e8400-e29b-41d4-a716-44665544000${digit}`;

export async function startChatDatabase(): Promise<ChatDatabase> {
  const server = await startPostgres();
  const connection = await server.createDatabase();
  await applyMigrations(connection);
  const pool = new Pool({ ...connection, max: 2 });
  // Its connections end when the server pauses.
  pool.on("error", () => {});
  const sql = async (text: string, values?: unknown[]) => (await pool.query(text, values)).rows;

  const addUser = async (id: string, name?: string) => {
    await sql("insert into users (id, username, display_name) values ($1, $1, coalesce($2, initcap($1)))", [
      id,
      name,
    ]);
    return id;
  };
  const join = (roomId: string, userId: string, role = "user") =>
    sql("insert into chat_members (room_id, user_id, role) values ($1, $2, $3)", [roomId, userId, role]);
  const say = async (userId: string, roomId: string, content: string) => {
    const [row] = await sql(
      "insert into chat_messages (room_id, user_id, content) values ($1, $2, $3) returning id",
      [roomId, userId, content],
    );
    return String(row?.["id"]);
  };
  const newRoom = async (name: string, members: readonly string[], active = true) => {
    const id = randomUUID();
    await sql("insert into chat_rooms (id, name, is_active) values ($1, $2, $3)", [id, name, active]);
    for (const member of members) await join(id, member, member === AGENT ? "admin" : "user");
    return id;
  };

  await addUser(AGENT);
  for (const digit of [1, 2, 3]) await join(room(digit), AGENT, "admin");
  let users = 0;
  return {
    server,
    connection,
    sql,
    async stop() {
      await pool.end();
      await server.stop();
    },
    world: {
      agent: AGENT,
      inEveryRoom: [AGENT],
      newUser: (name) => addUser(`user${++users}-${randomUUID()}`, name),
      newRoom: (name, members) => newRoom(name, [AGENT, ...members]),
      newForeignRoom: (name) => newRoom(name, []),
      newInactiveRoom: (name) => newRoom(name, [AGENT], false),
      setRole: (userId, roomId, role) =>
        sql("update chat_members set role = $3 where room_id = $1 and user_id = $2", [
          roomId,
          userId,
          role,
        ]).then(() => {}),
      say,
      sayInForeign: async (roomId, content) => {
        const user = await addUser(`user${++users}-${randomUUID()}`);
        await join(roomId, user);
        return say(user, roomId, content);
      },
      trySay: (userId, roomId) =>
        say(userId, roomId, "May I?").then(
          () => true,
          () => false,
        ),
      linkPreview: (phenomId, title) =>
        sql("insert into link_previews (url, phenom_id, title) values ($1, $2, $3)", [
          `https://thephenom.app/phenom/${phenomId}`,
          phenomId,
          title,
        ]).then(() => {}),
      unknown: { room: randomUUID(), message: randomUUID(), user: "nobody" },
    },
  };
}
