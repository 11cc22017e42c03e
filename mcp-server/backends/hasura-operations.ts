import * as z from "zod";
import { banRow, memberRow, messageRow, roomRow, userRow } from "./sql-form.ts";

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

/** Messages by sender, room and time. */
const FOUND_VARIABLES =
  "$limit: Int!, $room: uuid_comparison_exp!, $user: String_comparison_exp!, $since: timestamptz!, $until: timestamptz!";
const FOUND = "room_id: $room, user_id: $user, _and: [{ created_at: { _gte: $since, _lt: $until } }]";

/** The condition on what follows the last row seen, for a list by time and id; empty for the first page. */
type Continue = (column: string, comparison: "lt" | "gt") => string;

/** The first page of a list, and the next ones. */
const pages = <Answer>(
  name: string,
  answer: z.ZodType<Answer>,
  list: (after: Continue) => { readonly variables: string; readonly selection: string },
  role: Operation<Answer>["role"] = "user",
) => {
  const after: Continue = (column, comparison) =>
    `${column}: { _${comparison}e: $at } _or: [{ ${column}: { _${comparison}: $at } }, { id: { _${comparison}: $id } }]`;
  const first = list(() => "");
  const next = list(after);
  return {
    first: operation(role, answer, `query ${name}(${first.variables}) { rows: ${first.selection} }`),
    next: operation(
      role,
      answer,
      `query ${name}Next(${next.variables}, $at: timestamptz!, $id: uuid!) { rows: ${next.selection} }`,
    ),
  };
};

const inRoom = (order: "asc" | "desc", after: Continue) => ({
  variables: "$room: uuid!, $limit: Int!, $since: timestamptz!, $until: timestamptz!",
  selection: `chat_messages(
      where: { room_id: { _eq: $room } _and: [{ created_at: { _gte: $since, _lt: $until } }]
        ${after("created_at", order === "asc" ? "gt" : "lt")} }
      order_by: [{ created_at: ${order} }, { id: ${order} }] limit: $limit) { ${MESSAGE} }`,
});

export const operations = {
  listRooms: operation(
    "user",
    z.object({ rows: z.array(roomRow) }),
    `query ListRooms($states: [Boolean!]!, $user: String!) {
      rows: chat_rooms(
        where: { is_active: { _in: $states }, members: { user_id: { _eq: $user }, is_banned: { _eq: false } } }
        order_by: [{ created_at: asc }, { id: asc }]
      ) {
        id name description is_active created_at
      }
    }`,
  ),
  getMessages: {
    newest: pages("GetMessages", messages, (after) => inRoom("desc", after)),
    oldest: pages("GetMessagesFromOldest", messages, (after) => inRoom("asc", after)),
  },
  messageInRoom: operation(
    "user",
    messages,
    `query MessageInRoom($room: uuid!, $id: uuid!) {
      rows: chat_messages(where: { room_id: { _eq: $room }, id: { _eq: $id } }) { ${MESSAGE} }
    }`,
  ),
  searchMessages: pages("SearchMessages", messages, (after) => ({
    variables:
      "$query: String!, $limit: Int!, $in: uuid, $by: String, $since: timestamptz!, $until: timestamptz!",
    selection: `find_chat_messages(
        args: {
          query: $query, max_rows: $limit, room: $in, sender: $by, since: $since, until: $until
          ${after("created_at", "lt") === "" ? "" : "before: $at, before_id: $id"}
        }
        ${NEWEST_FIRST}) { ${MESSAGE} }`,
  })),
  messagesOfUser: pages("MessagesOfUser", messages, (after) => ({
    variables: FOUND_VARIABLES,
    selection: `chat_messages(where: { ${FOUND} ${after("created_at", "lt")} }
        ${NEWEST_FIRST} limit: $limit) { ${MESSAGE} }`,
  })),
  userExists: operation(
    "user",
    z.object({ row: z.object({ id: z.string() }).nullable() }),
    "query UserExists($user: String!) { row: users_by_pk(id: $user) { id } }",
  ),
  listMembers: pages("ListMembers", members, (after) => ({
    variables: "$room: uuid!, $names: String_comparison_exp!, $limit: Int!",
    selection: `chat_members(
        where: { room_id: { _eq: $room }, is_banned: { _eq: false }, searched_names: $names ${after("joined_at", "gt")} }
        ${JOINED_FIRST} limit: $limit) { ${MEMBER} }`,
  })),
  /** Role support, because users do not see bans. */
  listBanned: pages(
    "ListBanned",
    z.object({ rows: z.array(banRow.extend({ user: userRow.nullable() })) }),
    (after) => ({
      variables: "$room: uuid!, $names: String_comparison_exp!, $limit: Int!",
      selection: `chat_bans(
        where: { room_id: { _eq: $room }, is_active: { _eq: true }, is_longest: { _eq: true }, searched_names: $names ${after("banned_at", "gt")} }
        order_by: [{ banned_at: asc }, { id: asc }] limit: $limit) { ${BAN} ${USER} }`,
    }),
    "support",
  ),
  membersById: operation(
    "support",
    members,
    `query MembersById($room: uuid!, $users: [String!]!) {
      rows: chat_members(where: { room_id: { _eq: $room }, user_id: { _in: $users } }) { ${MEMBER} }
    }`,
  ),
  /** The agent's place in a room. Role support, because users do not see bans. */
  standing: operation(
    "support",
    z.object({
      room: z.object({ id: z.string() }).nullable(),
      members: z.array(z.object({ role: memberRow.shape.role })),
      bans: z.array(z.object({ id: z.string() })),
    }),
    `query Standing($room: uuid!, $user: String!) {
      room: chat_rooms_by_pk(id: $room) { id }
      members: chat_members(where: { room_id: { _eq: $room }, user_id: { _eq: $user } }, limit: 1) { role }
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
  /** Only in rooms that the agent is in; the backend has asked for bans. */
  deleteMessage: operation(
    "support",
    affected,
    `mutation DeleteMessage($id: uuid!, $agent: String!) {
      done: update_chat_messages(
        where: { id: { _eq: $id }, is_deleted: { _eq: false }, room: { members: { user_id: { _eq: $agent } } } }
        _set: { is_deleted: true }
      ) { affected_rows }
    }`,
  ),
  roomOfMessage: operation(
    "support",
    z.object({ row: z.object({ room_id: z.string() }).nullable() }),
    "query RoomOfMessage($id: uuid!) { row: chat_messages_by_pk(id: $id) { room_id } }",
  ),
  messagesToDelete: operation(
    "support",
    z.object({ rows: z.array(z.object({ id: z.string() })) }),
    `query MessagesToDelete($room: uuid!, $user: String!, $since: timestamptz!, $limit: Int!) {
      rows: chat_messages(
        where: {
          room_id: { _eq: $room }, user_id: { _eq: $user }
          is_deleted: { _eq: false }, created_at: { _gte: $since }
        }
        ${NEWEST_FIRST} limit: $limit
      ) { id }
    }`,
  ),
  deleteMessages: operation(
    "support",
    affected,
    `mutation DeleteMessages($ids: [uuid!]!) {
      done: update_chat_messages(
        where: { id: { _in: $ids }, is_deleted: { _eq: false } }
        _set: { is_deleted: true }
      ) { affected_rows }
    }`,
  ),
  muteUser: operation(
    "chat_admin",
    z.object({ done: z.object({ returning: z.array(memberRow) }) }),
    `mutation MuteUser($room: uuid!, $user: String!, $muted: Boolean!, $until: timestamptz) {
      done: update_chat_members(
        where: { room_id: { _eq: $room }, user_id: { _eq: $user }, is_banned: { _eq: false } }
        _set: { is_muted: $muted, muted_until: $until }
      ) { returning { ${MEMBER} } }
    }`,
  ),
  activeBan: operation(
    "support",
    z.object({ rows: z.array(banRow) }),
    `query ActiveBan($room: uuid!, $user: String!) {
      rows: chat_bans(where: ${ACTIVE_BAN}, order_by: [{ expires_at: desc_nulls_first }, { id: desc }], limit: 1) { ${BAN} }
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
