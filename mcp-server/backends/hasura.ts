import type { AgentSession } from "../auth/agent-session.ts";
import type { ChatBackend, Order, PageRequest } from "../chat/backend.ts";
import { ChatError, errors } from "../chat/error.ts";
import type { Role } from "../chat/model.ts";
import { assertHigherRole } from "../chat/moderation.ts";
import { foldedName } from "../chat/search-query.ts";
import { limits } from "../limits.ts";
import { brokenConstraint, hasuraClient, type Send } from "./hasura-client.ts";
import { type Operation, operations } from "./hasura-operations.ts";
import { retryOnce } from "./retry.ts";
import {
  assertInRoom,
  bounds,
  cutAround,
  cutMembers,
  cutMessages,
  halves,
  type MemberRow,
  type MessageRow,
  readCursor,
  sentWithKey,
  toBan,
  toBanned,
  toMember,
  toMessage,
  toRoom,
  uuid,
  withHint,
} from "./sql-form.ts";

export interface HasuraOptions {
  /** GraphQL endpoint. */
  readonly endpoint: string;
  readonly session: AgentSession;
}

const KEY_CONSTRAINT = "chat_messages_user_id_idempotency_key_key";

/** The chat through Hasura, with the agent's account and the role that each tool needs. */
export function hasuraBackend({ endpoint, session }: HasuraOptions): ChatBackend {
  const send = hasuraClient(endpoint, session);
  const read: Send = (operation, variables, signal) =>
    retryOnce(() => send(operation, variables, signal), signal);
  const me = async () => (await session.identity()).userId;

  /** The agent's role in the room. Rejects if the room is unknown or closed to the agent. */
  const enter = async (room: string, signal: AbortSignal): Promise<Role> => {
    const {
      room: found,
      members,
      bans,
    } = await read(operations.standing, { room, user: await me() }, signal);
    return assertInRoom(room, {
      room_exists: found !== null,
      agent_role: members[0]?.role ?? null,
      agent_banned: bans.length > 0,
    });
  };
  const memberships = async (room: string, users: readonly string[], signal: AbortSignal) =>
    (await read(operations.membersById, { room, users }, signal)).rows;
  /** Reads a page, of which one row more than requested tells whether there is a next one. */
  const readPage = async <Row>(
    list: Record<"first" | "next", Operation<{ rows: Row[] }>>,
    scope: readonly unknown[],
    { cursor, limit }: PageRequest,
    variables: object,
    signal: AbortSignal,
  ) => {
    const after = readCursor(scope, cursor);
    const { rows } = await read(
      after ? list.next : list.first,
      { ...variables, limit: limit + 1, ...after },
      signal,
    );
    return { rows, isEmpty: rows.length === 0 && !after };
  };

  return {
    name: "hasura",
    async listRooms({ include_inactive }, signal) {
      const states = include_inactive ? [true, false] : [true];
      return (await read(operations.listRooms, { states, user: await me() }, signal)).rows.map(toRoom);
    },
    async getMessages({ room_id, order = "newest", around, ...request }, signal) {
      const room = uuid("room_id", room_id);
      const period = bounds(request);
      const scope = ["messages", room, order, request.since, request.until, around];
      if (around !== undefined && request.cursor === undefined) {
        const id = uuid("around", around);
        const [own] = (await read(operations.messageInRoom, { room, id }, signal)).rows;
        if (!own) {
          await enter(room, signal);
          throw errors.noMessage(id, "around");
        }
        const { before, after } = halves(request.limit);
        const side = async (direction: Order, limit: number) => {
          const variables = { room, ...period, limit, at: own.created_at, id };
          return (await read(operations.getMessages[direction].next, variables, signal)).rows;
        };
        const [older, newer] = await Promise.all([side("newest", before), side("oldest", after + 1)]);
        return cutAround({ older, own, newer }, { order, limit: request.limit, scope }, messageOf);
      }
      const list = operations.getMessages[order];
      const { rows, isEmpty } = await readPage(list, scope, request, { room, ...period }, signal);
      if (isEmpty) await enter(room, signal);
      return cutMessages(rows, request.limit, scope, messageOf);
    },
    async searchMessages({ query, room_id, user_id, ...request }, signal) {
      const room = room_id === undefined ? undefined : uuid("room_id", room_id);
      const scope = ["search", query, room, user_id, request.since, request.until];
      const equal = (value: string | undefined) => (value === undefined ? {} : { _eq: value });
      const period = bounds(request);
      const { rows, isEmpty, hint } = await withHint(
        query === undefined
          ? readPage(
              operations.messagesOfUser,
              scope,
              request,
              { room: equal(room), user: equal(user_id), ...period },
              signal,
            )
          : readPage(
              operations.searchMessages,
              scope,
              request,
              { query, in: room ?? null, by: user_id ?? null, ...period },
              signal,
            ),
      );
      if (isEmpty && room !== undefined) await enter(room, signal);
      if (isEmpty && user_id !== undefined) {
        const { row } = await read(operations.userExists, { user: user_id }, signal);
        if (!row) throw errors.noUser(user_id);
      }
      return { ...cutMessages(rows, request.limit, scope, messageOf), ...(hint !== undefined && { hint }) };
    },
    async sendMessage(draft, signal) {
      const { room_id, content, message_type, phenom_id, idempotency_key: key } = draft;
      const room = uuid("room_id", room_id);
      const variables = {
        room,
        content,
        type: message_type,
        phenom: phenom_id ?? null,
        key: key ?? null,
      };
      const sentBefore = async () => {
        if (key === undefined) return undefined;
        const [row] = (await send(operations.messageByKey, { user: await me(), key }, signal)).rows;
        return sentWithKey(row, draft);
      };
      const sendOnce = async () => {
        try {
          return messageOf((await send(operations.sendMessage, variables, signal)).sent);
        } catch (error) {
          const rejected = error instanceof ChatError && error.code === "rejected";
          // The rules apply to new messages only: a message that was sent before a ban still answers its key.
          if (rejected || brokenConstraint(error) === KEY_CONSTRAINT) {
            const row = await sentBefore();
            if (row) return messageOf(row);
          }
          if (rejected) await enter(room, signal);
          throw error;
        }
      };
      return key === undefined ? sendOnce() : retryOnce(sendOnce, signal);
    },
    async deleteMessage({ message_id }, signal) {
      const id = uuid("message_id", message_id);
      const { row } = await read(operations.roomOfMessage, { id }, signal);
      if (!row) throw errors.noMessage(id);
      await enter(row.room_id, signal).catch((error: unknown) => {
        throw error instanceof ChatError && error.field === "room_id" ? errors.noMessage(id) : error;
      });
      await send(operations.deleteMessage, { id, agent: await me() }, signal);
    },
    async listMembers({ room_id, name, status = "member", ...request }, signal) {
      const room = uuid("room_id", room_id);
      const scope = ["members", room, name, status];
      const like = (text: string) => ({ _like: `%${text.replaceAll(/[\\%_]/g, "\\$&")}%` });
      const variables = { room, names: name === undefined ? {} : like(foldedName(name)) };
      if (status === "banned") {
        await enter(room, signal);
        const { rows } = await readPage(operations.listBanned, scope, request, variables, signal);
        const users = rows.map(({ user_id }) => user_id);
        const left = new Map(
          (users.length === 0 ? [] : await memberships(room, users, signal)).map((row) => [row.user_id, row]),
        );
        const toItem = (row: (typeof rows)[number]) => toBanned(row, left.get(row.user_id), row.user);
        return cutMembers(rows, request.limit, scope, (row) => row.banned_at, toItem);
      }
      const { rows, isEmpty } = await readPage(operations.listMembers, scope, request, variables, signal);
      if (isEmpty) await enter(room, signal);
      return cutMembers(rows, request.limit, scope, (row) => row.joined_at, memberOf);
    },
    async muteUser({ room_id, user_id: user, muted, until, by: group }, signal) {
      const room = uuid("room_id", room_id);
      const agent = await me();
      if (muted && user === agent) throw errors.ownAccount("mute");
      const own = await enter(room, signal);
      const [member] = await memberships(room, [user], signal);
      if (!member) throw errors.notAMember(user);
      if (muted) assertHigherRole("mute", { group, agent: own }, { id: user, role: member.role });
      const variables = { room, user, muted, until: until ?? null };
      const [row] = (await send(operations.muteUser, variables, signal)).done.returning;
      if (row) return memberOf(row);
      throw errors.notAMember(user);
    },
    async banUser({ room_id, user_id: user, reason, expires_at, delete_messages_since, by: group }, signal) {
      const room = uuid("room_id", room_id);
      if (user === (await me())) throw errors.ownAccount("ban");
      const own = await enter(room, signal);
      const [member] = await memberships(room, [user], signal);
      assertHigherRole("ban", { group, agent: own }, { id: user, role: member?.role ?? "user" });
      const [active] = (await read(operations.activeBan, { room, user }, signal)).rows;
      if (active && delete_messages_since === undefined)
        throw errors.alreadyBanned(user, toBan(active).expires_at);
      const variables = { room, user, reason: reason ?? null, until: expires_at ?? null };
      const ban = toBan(
        active ??
          (
            await send(operations.banUser, variables, signal).catch((error: unknown) => {
              if (brokenConstraint(error) === "chat_bans_user_id_fkey") throw errors.noUser(user);
              throw error;
            })
          ).ban,
      );
      if (delete_messages_since === undefined) return { ban };
      const which = { room, user, since: delete_messages_since, limit: limits.deletions };
      const ids = (await read(operations.messagesToDelete, which, signal)).rows.map(({ id }) => id);
      const { affected_rows } = (await send(operations.deleteMessages, { ids }, signal)).done;
      return { ban, deleted_messages: affected_rows };
    },
    async unbanUser({ room_id, user_id: user }, signal) {
      const room = uuid("room_id", room_id);
      await enter(room, signal);
      const { returning } = (await send(operations.unbanUser, { room, user }, signal)).done;
      if (!returning.some(({ is_active }) => is_active)) throw errors.notBanned(user);
    },
    async health(signal) {
      try {
        await send(operations.listRooms, { states: [], user: "" }, signal);
        return { reachable: true };
      } catch (error) {
        const code = error instanceof ChatError ? error.code : "timeout";
        return { reachable: false, problem: session.problem() ?? code };
      }
    },
    close: () => Promise.resolve(),
  };
}

const messageOf = (row: MessageRow) => toMessage(row, row.user, row.link_preview);
const memberOf = (row: MemberRow) => toMember(row, row.user);
