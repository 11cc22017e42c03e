import type { AgentSession } from "../auth/agent-session.ts";
import type { ChatBackend, PageRequest } from "../chat/backend.ts";
import { ChatError, errors } from "../chat/error.ts";
import { brokenConstraint, hasuraClient, type Send } from "./hasura-client.ts";
import { operations } from "./hasura-operations.ts";
import { retryOnce } from "./retry.ts";
import {
  cutPage,
  fromCursor,
  type MemberRow,
  type MessageRow,
  sentWithKey,
  toBan,
  toMember,
  toMessage,
  toRoom,
  uuid,
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

  /** Tells whether a room without results is empty, unknown or closed to the agent. */
  const explainEmpty = async (room: string, signal: AbortSignal) => {
    const standing = await read(operations.standing, { room, user: await me() }, signal);
    if (!standing.room) throw errors.noRoom(room);
    if (standing.members.length === 0) throw errors.notInRoom(room);
    if (standing.bans.length > 0) throw errors.bannedFromRoom(room);
  };
  const assertRoomExists = async (room: string, signal: AbortSignal) => {
    const standing = await read(operations.standing, { room, user: await me() }, signal);
    if (!standing.room) throw errors.noRoom(room);
  };
  /** Reads one row more than requested, which tells whether there is a next page. */
  const readPage = async <Answer>(
    pages: Record<"first" | "next", Parameters<typeof read<Answer>>[0]>,
    { cursor, limit }: PageRequest,
    variables: object,
    signal: AbortSignal,
  ) => {
    const after = fromCursor(cursor);
    const answer = await read(
      after ? pages.next : pages.first,
      { ...variables, limit: limit + 1, ...(after && { at: after.at, id: after.id }) },
      signal,
    );
    return { ...answer, isFirst: !after };
  };

  return {
    name: "hasura",
    async listRooms({ include_inactive }, signal) {
      const states = include_inactive ? [true, false] : [true];
      return (await read(operations.listRooms, { states }, signal)).rows.map(toRoom);
    },
    async getMessages({ room_id, ...request }, signal) {
      const room = uuid("room_id", room_id);
      const { rows, isFirst } = await readPage(operations.getMessages, request, { room }, signal);
      if (rows.length === 0 && isFirst) await explainEmpty(room, signal);
      return cutPage(rows, request.limit, (row) => row.created_at, messageOf);
    },
    async searchMessages({ query, room_id, user_id, ...request }, signal) {
      const room = room_id === undefined ? undefined : uuid("room_id", room_id);
      const equal = (value: string | undefined) => (value === undefined ? {} : { _eq: value });
      const variables = { query, room: equal(room), user: equal(user_id) };
      const { rows, isFirst } = await readPage(operations.searchMessages, request, variables, signal);
      if (rows.length === 0 && isFirst && room !== undefined) await explainEmpty(room, signal);
      return cutPage(rows, request.limit, (row) => row.created_at, messageOf);
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
          if (rejected) await assertRoomExists(room, signal);
          throw error;
        }
      };
      return key === undefined ? sendOnce() : retryOnce(sendOnce, signal);
    },
    async deleteMessage({ message_id }, signal) {
      const id = uuid("message_id", message_id);
      if ((await send(operations.deleteMessage, { id }, signal)).done.affected_rows > 0) return;
      if (!(await read(operations.messageExists, { id }, signal)).row) throw errors.noMessage(id);
    },
    async listMembers({ room_id, ...request }, signal) {
      const room = uuid("room_id", room_id);
      const { rows, isFirst } = await readPage(operations.listMembers, request, { room }, signal);
      if (rows.length === 0 && isFirst) await explainEmpty(room, signal);
      return cutPage(rows, request.limit, (row) => row.joined_at, memberOf);
    },
    async muteUser({ room_id, user_id: user, muted, until }, signal) {
      const room = uuid("room_id", room_id);
      if (muted && user === (await me())) throw errors.ownAccount("mute");
      const variables = { room, user, muted, until: until ?? null };
      const [row] = (await send(operations.muteUser, variables, signal)).done.returning;
      if (row) return memberOf(row);
      await assertRoomExists(room, signal);
      throw errors.notAMember(user);
    },
    async banUser({ room_id, user_id: user, reason, expires_at }, signal) {
      const room = uuid("room_id", room_id);
      if (user === (await me())) throw errors.ownAccount("ban");
      const [active] = (await read(operations.activeBan, { room, user }, signal)).rows;
      if (active) throw errors.alreadyBanned(user, toBan(active).expires_at);
      const variables = { room, user, reason: reason ?? null, until: expires_at ?? null };
      return toBan(
        (
          await send(operations.banUser, variables, signal).catch((error: unknown) => {
            const constraint = brokenConstraint(error);
            if (constraint === "chat_bans_room_id_fkey") throw errors.noRoom(room);
            if (constraint === "chat_bans_user_id_fkey") throw errors.noUser(user);
            throw error;
          })
        ).ban,
      );
    },
    async unbanUser({ room_id, user_id: user }, signal) {
      const room = uuid("room_id", room_id);
      const { returning } = (await send(operations.unbanUser, { room, user }, signal)).done;
      if (returning.some(({ is_active }) => is_active)) return;
      await assertRoomExists(room, signal);
      throw errors.notBanned(user);
    },
    async health(signal) {
      try {
        await send(operations.listRooms, { states: [] }, signal);
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
