import { DatabaseError, Pool, type PoolClient, type PoolConfig } from "pg";
import type { ChatBackend, PageRequest } from "../chat/backend.ts";
import { ChatError, errors } from "../chat/error.ts";
import { limits } from "../limits.ts";
import { type FlatMember, type FlatMessage, memberOf, messageOf } from "./postgres-rows.ts";
import { statements } from "./postgres-statements.ts";
import { retryOnce } from "./retry.ts";
import {
  type BanRow,
  cutPage,
  fromCursor,
  type RoomRow,
  ruleBroken,
  sentWithKey,
  toBan,
  toRoom,
  uuid,
} from "./sql-form.ts";

export interface PostgresOptions {
  /** How to reach the database: a connection string or its parts. */
  readonly connection: PoolConfig;
  /** Id, in table users, of the account that the server acts as. */
  readonly agentUserId: string;
}

const NAME = "postgres";
type Values = readonly (string | number | boolean | null)[];

/** The chat's tables through `pg`, with the same visibility as Hasura's roles. */
export function postgresBackend({ connection, agentUserId: agent }: PostgresOptions): ChatBackend {
  const pool = new Pool({
    max: 10,
    connectionTimeoutMillis: limits.probeMs,
    statement_timeout: limits.backendMs,
    application_name: "phenom-chat-mcp",
    // Times in UTC; the server checks whether the client of a running query is still connected.
    options: "-c TimeZone=UTC -c client_connection_check_interval=500",
    ...connection,
  });
  // The pool removes a connection that breaks while idle; the next call opens another.
  pool.on("error", () => {});

  // The rows' types follow from the statements and are not parsed here: the tool's output schema checks what reaches
  // the agent, and a second check would double the work of a call.
  const run = <Row extends object>(statement: Statement, values: Values, signal: AbortSignal) =>
    query<Row>(pool, { ...statement, values: [...values] }, signal);
  const read = <Row extends object>(statement: Statement, values: Values, signal: AbortSignal) =>
    retryOnce(() => run<Row>(statement, values, signal), signal);

  /** Tells whether a room without results is empty, unknown or closed to the agent. */
  const explainEmpty = async (room: string, signal: AbortSignal) => {
    const [standing] = await read<Standing>(statements.standing, [agent, room], signal);
    if (!standing) throw errors.noRoom(room);
    if (!standing.is_member) throw errors.notInRoom(room);
    if (standing.is_banned) throw errors.bannedFromRoom(room);
  };
  const assertRoomExists = async (room: string, signal: AbortSignal) => {
    if ((await read(statements.roomExists, [room], signal)).length === 0) throw errors.noRoom(room);
  };
  const ofPage = (pages: { first: Statement; next: Statement }, { cursor, limit }: PageRequest) => {
    const after = fromCursor(cursor);
    return {
      statement: after ? pages.next : pages.first,
      // One row more than requested tells whether there is a next page.
      rows: limit + 1,
      position: after ? [after.at, after.id] : [],
      isFirst: !after,
    };
  };

  return {
    name: NAME,
    async listRooms({ include_inactive }, signal) {
      return (await read<RoomRow>(statements.listRooms, [include_inactive], signal)).map(toRoom);
    },
    async getMessages({ room_id, ...request }, signal) {
      const room = uuid("room_id", room_id);
      const page = ofPage(statements.getMessages, request);
      const rows = await read<FlatMessage>(
        page.statement,
        [agent, room, page.rows, ...page.position],
        signal,
      );
      if (rows.length === 0 && page.isFirst) await explainEmpty(room, signal);
      return cutPage(rows, request.limit, (row) => row.created_at, messageOf);
    },
    async searchMessages({ query, room_id, user_id, ...request }, signal) {
      const room = room_id === undefined ? null : uuid("room_id", room_id);
      const page = ofPage(statements.searchMessages, request);
      const values = [agent, query, page.rows, room, user_id ?? null, ...page.position];
      const rows = await read<FlatMessage>(page.statement, values, signal);
      if (rows.length === 0 && page.isFirst && room !== null) await explainEmpty(room, signal);
      return cutPage(rows, request.limit, (row) => row.created_at, messageOf);
    },
    async sendMessage(draft, signal) {
      const { room_id, content, message_type, phenom_id, idempotency_key: key } = draft;
      const room = uuid("room_id", room_id);
      const values = [agent, room, content, message_type, phenom_id ?? null, key ?? null];
      const send = async () => {
        const sentBefore = async () => {
          if (key === undefined) return undefined;
          const [row] = await run<KeyedRow>(statements.messageByKey, [agent, key], signal);
          return sentWithKey(row, draft);
        };
        try {
          const [sent] = await run<FlatMessage>(statements.sendMessage, values, signal);
          const row = sent ?? (await sentBefore());
          if (row) return messageOf(row);
        } catch (error) {
          // The rules apply to new messages only: a message that was sent before a ban still answers its key.
          const row = isRejection(error) ? await sentBefore() : undefined;
          if (row) return messageOf(row);
          if (isRejection(error)) await assertRoomExists(room, signal);
          throw error;
        }
        throw new ChatError(
          "conflict",
          "idempotency_key: another message with this key is being sent. Try again.",
          {
            field: "idempotency_key",
            retryAfterMs: 1000,
          },
        );
      };
      return key === undefined ? send() : retryOnce(send, signal);
    },
    async deleteMessage({ message_id }, signal) {
      const id = uuid("message_id", message_id);
      const found = await run<{ id: string }>(statements.deleteMessage, [agent, id], signal);
      if (found.length === 0) throw errors.noMessage(id);
    },
    async listMembers({ room_id, ...request }, signal) {
      const room = uuid("room_id", room_id);
      const page = ofPage(statements.listMembers, request);
      const rows = await read<FlatMember>(page.statement, [agent, room, page.rows, ...page.position], signal);
      if (rows.length === 0 && page.isFirst) await explainEmpty(room, signal);
      return cutPage(rows, request.limit, (row) => row.joined_at, memberOf);
    },
    async muteUser({ room_id, user_id, muted, until }, signal) {
      const room = uuid("room_id", room_id);
      if (user_id === agent && muted) throw errors.ownAccount("mute");
      const [row] = await run<FlatMember>(statements.muteUser, [room, user_id, muted, until ?? null], signal);
      if (row) return memberOf(row);
      await assertRoomExists(room, signal);
      throw errors.notAMember(user_id);
    },
    async banUser({ room_id, user_id, reason, expires_at }, signal) {
      const room = uuid("room_id", room_id);
      if (user_id === agent) throw errors.ownAccount("ban");
      const values = [agent, room, user_id, reason ?? null, expires_at ?? null];
      const [row] = await run<BanRow>(statements.banUser, values, signal).catch((error: unknown) => {
        throw missingReference(error, room, user_id);
      });
      if (row) return toBan(row);
      const [active] = await run<BanRow>(statements.activeBan, [room, user_id], signal);
      throw errors.alreadyBanned(user_id, active && toBan(active).expires_at);
    },
    async unbanUser({ room_id, user_id }, signal) {
      const room = uuid("room_id", room_id);
      const lifted = await run<{ was_active: boolean }>(statements.unbanUser, [room, user_id], signal);
      if (lifted.some(({ was_active }) => was_active)) return;
      await assertRoomExists(room, signal);
      throw errors.notBanned(user_id);
    },
    async health(signal) {
      try {
        await query(pool, { name: "health", text: "select 1", values: [] }, signal);
        return { reachable: true };
      } catch (error) {
        return { reachable: false, problem: error instanceof ChatError ? error.code : "timeout" };
      }
    },
    close: () => pool.end(),
  };
}

type Statement = { readonly name: string; readonly text: string };
type Standing = { readonly is_member: boolean; readonly is_banned: boolean };
type KeyedRow = FlatMessage & { readonly is_deleted: boolean };

/** Runs a statement. When the signal aborts, the connection is closed and the server cancels the query. */
async function query<Row extends object>(
  pool: Pool,
  statement: Statement & { values: Values[number][] },
  signal: AbortSignal,
): Promise<Row[]> {
  signal.throwIfAborted();
  const client = await pool.connect().catch((error: unknown) => {
    throw fromPostgres(error);
  });
  // A broken connection fails its query, which is handled below, and emits an event without another listener.
  client.on("error", ignore);
  const release = releaseOnce(client);
  const cut = () => release(true);
  if (signal.aborted) release();
  signal.throwIfAborted();
  signal.addEventListener("abort", cut, { once: true });
  try {
    const { rows } = await client.query<Row>(statement);
    release();
    return rows;
  } catch (error) {
    release(!(error instanceof DatabaseError));
    signal.throwIfAborted();
    throw fromPostgres(error);
  } finally {
    signal.removeEventListener("abort", cut);
  }
}

const ignore = () => {};

function releaseOnce(client: PoolClient): (destroy?: boolean) => void {
  let released = false;
  return (destroy = false) => {
    if (released) return;
    released = true;
    client.release(destroy);
    // A destroyed connection is closed only now and may still emit an error.
    if (!destroy) client.off("error", ignore);
  };
}

/** SQLSTATEs of the chat's own rules: class 22 or 23, subclass C and two digits. */
const isRule = (code: string | undefined) => /^2[23]C\d\d$/.test(code ?? "");
/** SQLSTATEs of a server that shuts down, starts up or has no free connection, and of connection failures. */
const isUnavailable = (code: string | undefined) => /^(57P0[1-5]|53300|08...)$/.test(code ?? "");

function fromPostgres(error: unknown): ChatError {
  if (!(error instanceof DatabaseError)) return errors.unavailable(NAME, error);
  if (isRule(error.code)) return ruleBroken(error.message, error);
  if (isUnavailable(error.code)) return errors.unavailable(NAME, error);
  if (error.code === "57014") return errors.timeout(NAME, error);
  return new ChatError("internal", "The chat's database refused the statement; the log has the reason.", {
    cause: error,
  });
}

const isRejection = (error: unknown) => error instanceof ChatError && error.code === "rejected";

/** The error for a ban whose room or user does not exist. */
function missingReference(error: unknown, room: string, user: string): unknown {
  const cause = error instanceof ChatError ? error.cause : undefined;
  if (!(cause instanceof DatabaseError) || cause.code !== "23503") return error;
  if (cause.constraint === "chat_bans_room_id_fkey") return errors.noRoom(room);
  if (cause.constraint === "chat_bans_user_id_fkey") return errors.noUser(user);
  return error;
}
