import { DatabaseError, Pool, type PoolClient, type PoolConfig } from "pg";
import { z } from "zod";
import type { ChatBackend, PageRequest } from "../chat/backend.ts";
import { ChatError, errors } from "../chat/error.ts";
import { withDeadline } from "../deadline.ts";
import { limits } from "../limits.ts";
import { statements } from "./postgres-statements.ts";
import { retryOnce } from "./retry.ts";
import {
  banRow,
  cutPage,
  fromCursor,
  memberRow,
  messageRow,
  roomRow,
  ruleBroken,
  toBan,
  toMember,
  toMessage,
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

/** The chat's tables through `pg`, with the visibility that Hasura's roles give. */
export function postgresBackend({ connection, agentUserId: agent }: PostgresOptions): ChatBackend {
  const pool = new Pool({
    max: 10,
    connectionTimeoutMillis: limits.probeMs,
    statement_timeout: limits.backendMs,
    application_name: "phenom-chat-mcp",
    // Times in UTC; and the server looks whether a query's client is still there.
    options: "-c TimeZone=UTC -c client_connection_check_interval=500",
    ...connection,
  });
  // A connection that dies while idle leaves the pool; the next call opens another.
  pool.on("error", () => {});

  const run = async <Row>(
    schema: z.ZodType<Row>,
    statement: { readonly name: string; readonly text: string },
    values: Values,
    signal: AbortSignal,
  ): Promise<Row[]> =>
    withDeadline(
      signal,
      limits.backendMs,
      () => errors.timeout(NAME),
      async (inner) => {
        const rows = await query(pool, { ...statement, values: [...values] }, inner);
        return rows.map((row) => schema.parse(row));
      },
    );
  const read: typeof run = (schema, statement, values, signal) =>
    retryOnce(() => run(schema, statement, values, signal), signal);

  /** A room that shows nothing may be empty, unknown, or closed to the agent. */
  const explainEmpty = async (room: string, signal: AbortSignal) => {
    const [standing] = await read(standingRow, statements.standing, [agent, room], signal);
    if (!standing) throw errors.noRoom(room);
    if (!standing.is_member) throw errors.notInRoom(room);
    if (standing.is_banned) throw errors.bannedFromRoom(room);
  };
  const knownRoom = async (room: string, signal: AbortSignal) => {
    if ((await read(z.object({}), statements.roomExists, [room], signal)).length === 0)
      throw errors.noRoom(room);
  };
  const ofPage = (
    pages: { first: { name: string; text: string }; next: { name: string; text: string } },
    { cursor, limit }: PageRequest,
  ) => {
    const after = fromCursor(cursor);
    return {
      statement: after ? pages.next : pages.first,
      // One more than asked for tells whether there is a next page.
      rows: limit + 1,
      position: after ? [after.at, after.id] : [],
      isFirst: !after,
    };
  };

  return {
    name: NAME,
    async listRooms({ include_inactive }, signal) {
      return (await read(roomRow, statements.listRooms, [include_inactive], signal)).map(toRoom);
    },
    async getMessages({ room_id, ...request }, signal) {
      const room = uuid("room_id", room_id);
      const page = ofPage(statements.getMessages, request);
      const rows = await read(messageRow, page.statement, [agent, room, page.rows, ...page.position], signal);
      if (rows.length === 0 && page.isFirst) await explainEmpty(room, signal);
      return cutPage(rows, request.limit, (row) => row.created_at, toMessage);
    },
    async searchMessages({ query, room_id, user_id, ...request }, signal) {
      const room = room_id === undefined ? null : uuid("room_id", room_id);
      const page = ofPage(statements.searchMessages, request);
      const values = [agent, query, page.rows, room, user_id ?? null, ...page.position];
      const rows = await read(messageRow, page.statement, values, signal);
      if (rows.length === 0 && page.isFirst && room !== null) await explainEmpty(room, signal);
      return cutPage(rows, request.limit, (row) => row.created_at, toMessage);
    },
    async sendMessage({ room_id, content, message_type, phenom_id, idempotency_key: key }, signal) {
      const room = uuid("room_id", room_id);
      const values = [agent, room, content, message_type, phenom_id ?? null, key ?? null];
      const send = async () => {
        const sentBefore = async () => {
          if (key === undefined) return undefined;
          const [row] = await run(keyedRow, statements.messageByKey, [agent, key], signal);
          if (row?.is_deleted) throw errors.keyOfDeletedMessage();
          return row;
        };
        try {
          const [sent] = await run(messageRow, statements.sendMessage, values, signal);
          const row = sent ?? (await sentBefore());
          if (row) return toMessage(row);
        } catch (error) {
          // The rules hold for new messages; one that was sent before a ban is still the answer to its key.
          const row = isRejection(error) ? await sentBefore() : undefined;
          if (row) return toMessage(row);
          if (isRejection(error)) await knownRoom(room, signal);
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
      const found = await run(z.object({ id: z.string() }), statements.deleteMessage, [agent, id], signal);
      if (found.length === 0) throw errors.noMessage(id);
    },
    async listMembers({ room_id, ...request }, signal) {
      const room = uuid("room_id", room_id);
      const page = ofPage(statements.listMembers, request);
      const rows = await read(memberRow, page.statement, [agent, room, page.rows, ...page.position], signal);
      if (rows.length === 0 && page.isFirst) await explainEmpty(room, signal);
      return cutPage(rows, request.limit, (row) => row.joined_at, toMember);
    },
    async muteUser({ room_id, user_id, muted, until }, signal) {
      const room = uuid("room_id", room_id);
      if (user_id === agent && muted) throw errors.ownAccount("mute");
      const [row] = await run(memberRow, statements.muteUser, [room, user_id, muted, until ?? null], signal);
      if (row) return toMember(row);
      await knownRoom(room, signal);
      throw errors.notAMember(user_id);
    },
    async banUser({ room_id, user_id, reason, expires_at }, signal) {
      const room = uuid("room_id", room_id);
      if (user_id === agent) throw errors.ownAccount("ban");
      const values = [agent, room, user_id, reason ?? null, expires_at ?? null];
      const [row] = await run(banRow, statements.banUser, values, signal).catch((error: unknown) => {
        throw missingReference(error, room, user_id);
      });
      if (row) return toBan(row);
      const [active] = await run(banRow, statements.activeBan, [room, user_id], signal);
      throw errors.alreadyBanned(user_id, active && toBan(active).expires_at);
    },
    async unbanUser({ room_id, user_id }, signal) {
      const room = uuid("room_id", room_id);
      const lifted = await run(
        z.object({ was_active: z.boolean() }),
        statements.unbanUser,
        [room, user_id],
        signal,
      );
      if (lifted.some(({ was_active }) => was_active)) return;
      await knownRoom(room, signal);
      throw errors.notBanned(user_id);
    },
    async health(signal) {
      try {
        await withDeadline(
          signal,
          limits.probeMs,
          () => errors.timeout(NAME),
          (inner) => query(pool, { name: "health", text: "select 1", values: [] }, inner),
        );
        return { reachable: true };
      } catch (error) {
        return { reachable: false, problem: error instanceof ChatError ? error.code : "timeout" };
      }
    },
    close: () => pool.end(),
  };
}

const standingRow = z.object({ is_member: z.boolean(), is_banned: z.boolean() });
const keyedRow = messageRow.extend({ is_deleted: z.boolean() });

/** Runs a statement; when the signal aborts, the connection is cut and the server drops the query. */
async function query(
  pool: Pool,
  statement: { name: string; text: string; values: Values[number][] },
  signal: AbortSignal,
): Promise<unknown[]> {
  const client = await pool.connect().catch((error: unknown) => {
    throw fromPostgres(error);
  });
  const release = releaseOnce(client);
  const cut = () => release(true);
  if (signal.aborted) release();
  signal.throwIfAborted();
  signal.addEventListener("abort", cut, { once: true });
  try {
    const { rows } = await client.query<Record<string, unknown>>(statement);
    release();
    return rows;
  } catch (error) {
    release(!(error instanceof DatabaseError));
    throw fromPostgres(error);
  } finally {
    signal.removeEventListener("abort", cut);
  }
}

function releaseOnce(client: PoolClient): (destroy?: boolean) => void {
  let released = false;
  return (destroy = false) => {
    if (!released) client.release(destroy);
    released = true;
  };
}

/** SQLSTATEs of the chat's own rules: class 22 or 23 and a subclass that begins with C. */
const isRule = (code: string | undefined) => /^2[23]C\d\d$/.test(code ?? "");
/** Shutting down, starting up, out of connections, connection failures. */
const isAway = (code: string | undefined) => /^(57P0[1-5]|53300|08...)$/.test(code ?? "");

function fromPostgres(error: unknown): ChatError {
  if (!(error instanceof DatabaseError)) return errors.unavailable(NAME, error);
  if (isRule(error.code)) return ruleBroken(error.message, error);
  if (isAway(error.code)) return errors.unavailable(NAME, error);
  if (error.code === "57014") return errors.timeout(NAME, error);
  return new ChatError("internal", "The chat's database refused the statement; the log has the reason.", {
    cause: error,
  });
}

const isRejection = (error: unknown) => error instanceof ChatError && error.code === "rejected";

/** A ban names a room and a user that have to exist. */
function missingReference(error: unknown, room: string, user: string): unknown {
  const cause = error instanceof ChatError ? error.cause : undefined;
  if (!(cause instanceof DatabaseError) || cause.code !== "23503") return error;
  if (cause.constraint === "chat_bans_room_id_fkey") return errors.noRoom(room);
  if (cause.constraint === "chat_bans_user_id_fkey") return errors.noUser(user);
  return error;
}
