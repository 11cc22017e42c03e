import * as z from "zod";
import { banRow, memberRow, messageRow, roomRow } from "./sql-form.ts";

/** A GraphQL operation with a constant document and the schema of its answer. */
export interface Operation<Answer> {
  /** Hasura role of the request. */
  readonly role: "user" | "support" | "chat_admin";
  readonly document: string;
  readonly answer: z.ZodType<Answer>;
}

const operation = <Answer>(
  role: Operation<Answer>["role"],
  answer: z.ZodType<Answer>,
  document: string,
): Operation<Answer> => ({ role, answer, document });

const USER = "user { id username display_name avatar_url }";
const MESSAGE = `id room_id user_id content message_type phenom_id created_at updated_at ${USER}
  link_preview { url title description thumbnail_url media_type }`;
const MEMBER = `id room_id user_id role is_muted muted_until joined_at ${USER}`;
const BAN = "id room_id user_id banned_by reason banned_at expires_at";
const NEWEST_FIRST = "order_by: [{ created_at: desc }, { id: desc }]";
const JOINED_FIRST = "order_by: [{ joined_at: asc }, { id: asc }]";
const ACTIVE_BAN = "{ room_id: { _eq: $room }, user_id: { _eq: $user }, is_active: { _eq: true } }";

const messages = z.object({ rows: z.array(messageRow) });
const members = z.object({ rows: z.array(memberRow) });
const affected = z.object({ done: z.object({ affected_rows: z.number() }) });

export const operations = {
  listRooms: operation(
    "user",
    z.object({ rows: z.array(roomRow) }),
    `query ListRooms($states: [Boolean!]!) {
      rows: chat_rooms(where: { is_active: { _in: $states } }, order_by: [{ created_at: asc }, { id: asc }]) {
        id name description is_active created_at
      }
    }`,
  ),
  getMessages: {
    first: operation(
      "user",
      messages,
      `query GetMessages($room: uuid!, $limit: Int!) {
        rows: chat_messages(where: { room_id: { _eq: $room } }, ${NEWEST_FIRST}, limit: $limit) { ${MESSAGE} }
      }`,
    ),
    next: operation(
      "user",
      messages,
      `query GetMessagesBefore($room: uuid!, $limit: Int!, $at: timestamptz!, $id: uuid!) {
        rows: chat_messages(
          where: {
            room_id: { _eq: $room }
            created_at: { _lte: $at }
            _or: [{ created_at: { _lt: $at } }, { id: { _lt: $id } }]
          }
          ${NEWEST_FIRST}
          limit: $limit
        ) { ${MESSAGE} }
      }`,
    ),
  },
  searchMessages: {
    first: operation(
      "user",
      messages,
      `query SearchMessages($query: String!, $limit: Int!, $room: uuid_comparison_exp!, $user: String_comparison_exp!) {
        rows: search_chat_messages(
          args: { query: $query }
          where: { room_id: $room, user_id: $user }
          ${NEWEST_FIRST}
          limit: $limit
        ) { ${MESSAGE} }
      }`,
    ),
    next: operation(
      "user",
      messages,
      `query SearchMessagesBefore(
        $query: String!, $limit: Int!, $room: uuid_comparison_exp!, $user: String_comparison_exp!
        $at: timestamptz!, $id: uuid!
      ) {
        rows: search_chat_messages(
          args: { query: $query }
          where: {
            room_id: $room
            user_id: $user
            created_at: { _lte: $at }
            _or: [{ created_at: { _lt: $at } }, { id: { _lt: $id } }]
          }
          ${NEWEST_FIRST}
          limit: $limit
        ) { ${MESSAGE} }
      }`,
    ),
  },
  listMembers: {
    first: operation(
      "user",
      members,
      `query ListMembers($room: uuid!, $limit: Int!) {
        rows: chat_members(where: { room_id: { _eq: $room } }, ${JOINED_FIRST}, limit: $limit) { ${MEMBER} }
      }`,
    ),
    next: operation(
      "user",
      members,
      `query ListMembersAfter($room: uuid!, $limit: Int!, $at: timestamptz!, $id: uuid!) {
        rows: chat_members(
          where: {
            room_id: { _eq: $room }
            joined_at: { _gte: $at }
            _or: [{ joined_at: { _gt: $at } }, { id: { _gt: $id } }]
          }
          ${JOINED_FIRST}
          limit: $limit
        ) { ${MEMBER} }
      }`,
    ),
  },
  /** Why a room shows nothing. Role support, because users do not see bans. */
  standing: operation(
    "support",
    z.object({
      room: z.object({ id: z.string() }).nullable(),
      members: z.array(z.object({ id: z.string() })),
      bans: z.array(z.object({ id: z.string() })),
    }),
    `query Standing($room: uuid!, $user: String!) {
      room: chat_rooms_by_pk(id: $room) { id }
      members: chat_members(where: { room_id: { _eq: $room }, user_id: { _eq: $user } }, limit: 1) { id }
      bans: chat_bans(where: ${ACTIVE_BAN}, limit: 1) { id }
    }`,
  ),
  sendMessage: operation(
    "user",
    z.object({ sent: messageRow }),
    `mutation SendMessage($room: uuid!, $content: String!, $type: String!, $phenom: String, $key: String) {
      sent: insert_chat_messages_one(
        object: { room_id: $room, content: $content, message_type: $type, phenom_id: $phenom, idempotency_key: $key }
      ) { ${MESSAGE} }
    }`,
  ),
  /** Role support, because users do not see deleted messages. */
  messageByKey: operation(
    "support",
    z.object({ rows: z.array(messageRow.extend({ is_deleted: z.boolean() })) }),
    `query MessageByKey($user: String!, $key: String!) {
      rows: chat_messages(where: { user_id: { _eq: $user }, idempotency_key: { _eq: $key } }) {
        is_deleted ${MESSAGE}
      }
    }`,
  ),
  deleteMessage: operation(
    "support",
    affected,
    `mutation DeleteMessage($id: uuid!) {
      done: update_chat_messages(
        where: { id: { _eq: $id }, is_deleted: { _eq: false } }
        _set: { is_deleted: true }
      ) { affected_rows }
    }`,
  ),
  messageExists: operation(
    "support",
    z.object({ row: z.object({ id: z.string() }).nullable() }),
    "query MessageExists($id: uuid!) { row: chat_messages_by_pk(id: $id) { id } }",
  ),
  muteUser: operation(
    "chat_admin",
    z.object({ done: z.object({ returning: z.array(memberRow) }) }),
    `mutation MuteUser($room: uuid!, $user: String!, $muted: Boolean!, $until: timestamptz) {
      done: update_chat_members(
        where: { room_id: { _eq: $room }, user_id: { _eq: $user } }
        _set: { is_muted: $muted, muted_until: $until }
      ) { returning { ${MEMBER} } }
    }`,
  ),
  activeBan: operation(
    "support",
    z.object({ rows: z.array(banRow) }),
    `query ActiveBan($room: uuid!, $user: String!) {
      rows: chat_bans(where: ${ACTIVE_BAN}, order_by: [{ expires_at: desc_nulls_first }], limit: 1) { ${BAN} }
    }`,
  ),
  banUser: operation(
    "support",
    z.object({ ban: banRow }),
    `mutation BanUser($room: uuid!, $user: String!, $reason: String, $until: timestamptz) {
      ban: insert_chat_bans_one(
        object: { room_id: $room, user_id: $user, reason: $reason, expires_at: $until }
      ) { ${BAN} }
    }`,
  ),
  unbanUser: operation(
    "chat_admin",
    z.object({ done: z.object({ returning: z.array(z.object({ is_active: z.boolean() })) }) }),
    `mutation UnbanUser($room: uuid!, $user: String!) {
      done: delete_chat_bans(where: { room_id: { _eq: $room }, user_id: { _eq: $user } }) {
        returning { is_active }
      }
    }`,
  ),
};
