import { DatabaseError, Pool, type PoolConfig } from "pg";
import type { ChatBackend, Order, PageRequest } from "../chat/backend.ts";
import { ChatError, errors } from "../chat/error.ts";
import type { Role } from "../chat/model.ts";
import { assertHigherRole } from "../chat/moderation.ts";
import { foldedName } from "../chat/search-query.ts";
import { limits } from "../limits.ts";
import { NAME, query, type Statement } from "./postgres-connection.ts";
import {
  bannedOf,
  type FlatBanned,
  type FlatMember,
  type FlatMessage,
  memberOf,
  messageOf,
} from "./postgres-rows.ts";
import { statements } from "./postgres-statements.ts";
import { retryOnce } from "./retry.ts";
import {
  assertInRoom,
  type BanRow,
  bounds,
  cutAround,
  cutMembers,
  cutMessages,
  halves,
  type RoomRow,
  readCursor,
  type Standing,
  sentWithKey,
  toBan,
  toRoom,
  uuid,
  withHint,
} from "./sql-form.ts";

export interface PostgresOptions {
  /** How to reach the database: a connection string or its parts. */
  readonly connection: PoolConfig;
  /** Id, in table users, of the account that the server acts as. */
  readonly agentUserId: string;
}

type Values = readonly (string | number | boolean | null)[];
type KeyedRow = FlatMessage & { readonly is_deleted: boolean };

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

  /** The agent's role in the room. Rejects if the room is unknown or closed to the agent. */
  const enter = async (room: string, signal: AbortSignal): Promise<Role> => {
    const [standing] = await read<Standing>(statements.standing, [agent, room], signal);
    if (!standing) throw errors.noRoom(room);
    return assertInRoom(room, standing);
  };
  const roleOf = async (room: string, user: string, signal: AbortSignal): Promise<Role | undefined> => {
    const [row] = await read<{ role: Role }>(statements.roleOf, [room, user], signal);
    return row?.role;
  };
  /** Reads a page, of which one row more than requested tells whether there is a next one. */
  const readPage = async <Row extends object>(
    pages: { readonly first: Statement; readonly next: Statement },
    scope: readonly unknown[],
    { cursor, limit }: PageRequest,
    values: (rows: number) => Values,
    signal: AbortSignal,
  ) => {
    const after = readCursor(scope, cursor);
    const position = after ? [after.at, after.id] : [];
    const rows = await read<Row>(
      after ? pages.next : pages.first,
      [...values(limit + 1), ...position],
      signal,
    );
    return { rows, isEmpty: rows.length === 0 && !after };
  };

  return {
    name: NAME,
    async listRooms({ include_inactive }, signal) {
      return (await read<RoomRow>(statements.listRooms, [agent, include_inactive], signal)).map(toRoom);
    },
    async getMessages({ room_id, order = "newest", around, ...request }, signal) {
      const room = uuid("room_id", room_id);
      const { since, until } = bounds(request);
      const scope = ["messages", room, order, request.since, request.until, around];
      if (around !== undefined && request.cursor === undefined) {
        const id = uuid("around", around);
        const [own] = await read<FlatMessage>(statements.messageInRoom, [agent, room, id], signal);
        if (!own) {
          await enter(room, signal);
          throw errors.noMessage(id, "around");
        }
        const { before, after } = halves(request.limit);
        const side = (direction: Order, count: number) =>
          read<FlatMessage>(
            statements.getMessages[direction].next,
            [agent, room, count, since, until, own.created_at, id],
            signal,
          );
        const [older, newer] = await Promise.all([side("newest", before), side("oldest", after + 1)]);
        return cutAround({ older, own, newer }, { order, limit: request.limit, scope }, messageOf);
      }
      const { rows, isEmpty } = await readPage<FlatMessage>(
        statements.getMessages[order],
        scope,
        request,
        (count) => [agent, room, count, since, until],
        signal,
      );
      if (isEmpty) await enter(room, signal);
      return cutMessages(rows, request.limit, scope, messageOf);
    },
    async searchMessages({ query: words, room_id, user_id, ...request }, signal) {
      const room = room_id === undefined ? null : uuid("room_id", room_id);
      const { since, until } = bounds(request);
      const scope = ["search", words, room, user_id, request.since, request.until];
      const { rows, isEmpty, hint } = await withHint(
        readPage<FlatMessage>(
          words === undefined ? statements.messagesOfUser : statements.searchMessages,
          scope,
          request,
          (count) =>
            words === undefined
              ? [agent, user_id ?? null, count, room, since, until]
              : [agent, words, count, room, user_id ?? null, since, until],
          signal,
        ),
      );
      if (isEmpty && room !== null) await enter(room, signal);
      if (isEmpty && user_id !== undefined) {
        const known = await read(statements.userExists, [user_id], signal);
        if (known.length === 0) throw errors.noUser(user_id);
      }
      return { ...cutMessages(rows, request.limit, scope, messageOf), ...(hint !== undefined && { hint }) };
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
          if (isRejection(error)) await enter(room, signal);
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
    async listMembers({ room_id, name, status = "member", ...request }, signal) {
      const room = uuid("room_id", room_id);
      const scope = ["members", room, name, status];
      const values = (count: number) => [agent, room, count, name === undefined ? null : foldedName(name)];
      if (status === "banned") {
        const { rows, isEmpty } = await readPage<FlatBanned>(
          statements.listBanned,
          scope,
          request,
          values,
          signal,
        );
        if (isEmpty) await enter(room, signal);
        return cutMembers(rows, request.limit, scope, (row) => row.banned_at, bannedOf);
      }
      const { rows, isEmpty } = await readPage<FlatMember>(
        statements.listMembers,
        scope,
        request,
        values,
        signal,
      );
      if (isEmpty) await enter(room, signal);
      return cutMembers(rows, request.limit, scope, (row) => row.joined_at, memberOf);
    },
    async muteUser({ room_id, user_id: user, muted, until, by: group }, signal) {
      const room = uuid("room_id", room_id);
      if (user === agent && muted) throw errors.ownAccount("mute");
      const own = await enter(room, signal);
      const role = await roleOf(room, user, signal);
      if (role === undefined) throw errors.notAMember(user);
      if (muted) assertHigherRole("mute", { group, agent: own }, { id: user, role });
      const [row] = await run<FlatMember>(statements.muteUser, [room, user, muted, until ?? null], signal);
      if (row) return memberOf(row);
      throw errors.notAMember(user);
    },
    async banUser({ room_id, user_id: user, reason, expires_at, delete_messages_since, by: group }, signal) {
      const room = uuid("room_id", room_id);
      if (user === agent) throw errors.ownAccount("ban");
      const own = await enter(room, signal);
      const role = (await roleOf(room, user, signal)) ?? "user";
      assertHigherRole("ban", { group, agent: own }, { id: user, role });
      const values = [agent, room, user, reason ?? null, expires_at ?? null];
      const [row] = await run<BanRow>(statements.banUser, values, signal).catch((error: unknown) => {
        throw missingUser(error, user);
      });
      const [ban] = row ? [row] : await run<BanRow>(statements.activeBan, [room, user], signal);
      if (!ban || (!row && delete_messages_since === undefined))
        throw errors.alreadyBanned(user, ban && toBan(ban).expires_at);
      if (delete_messages_since === undefined) return { ban: toBan(ban) };
      const which = [agent, room, user, delete_messages_since, limits.deletions];
      const [count] = await run<{ deleted: number }>(statements.deleteMessages, which, signal);
      return { ban: toBan(ban), deleted_messages: count?.deleted ?? 0 };
    },
    async unbanUser({ room_id, user_id }, signal) {
      const room = uuid("room_id", room_id);
      await enter(room, signal);
      const lifted = await run<{ was_active: boolean }>(statements.unbanUser, [room, user_id], signal);
      if (!lifted.some(({ was_active }) => was_active)) throw errors.notBanned(user_id);
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

const isRejection = (error: unknown) => error instanceof ChatError && error.code === "rejected";

/** The error for a ban whose user does not exist. */
function missingUser(error: unknown, user: string): unknown {
  const cause = error instanceof ChatError ? error.cause : undefined;
  const isMissing = cause instanceof DatabaseError && cause.constraint === "chat_bans_user_id_fkey";
  return isMissing ? errors.noUser(user) : error;
}
