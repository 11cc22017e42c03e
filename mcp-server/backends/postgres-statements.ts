/** The postgres backend's prepared statements. `$1` is the agent's user id, unless a comment says otherwise. */

/** Plain columns that `postgres-rows.ts` nests, which saves writing and parsing JSON for each row. */
const USER = "u.username, u.display_name, u.avatar_url";

const MESSAGE = `
  m.id, m.room_id, m.user_id, m.content, m.message_type, m.phenom_id,
  m.created_at::text, nullif(m.updated_at, m.created_at)::text as updated_at, ${USER},
  p.url, p.title, p.description, p.thumbnail_url, p.media_type`;

const MESSAGE_JOINS = `
  left join public.users u on u.id = m.user_id
  left join public.link_previews p
    on p.phenom_id = m.phenom_id and (p.expires_at is null or p.expires_at > now())`;

const MEMBER = `
  c.id, c.room_id, c.user_id, c.role, c.is_muted, c.muted_until::text, c.joined_at::text, ${USER}`;

const BAN_COLUMNS =
  "b.id, b.room_id, b.user_id, b.banned_by, b.reason, b.banned_at::text, b.expires_at::text";

const BAN = "id, room_id, user_id, banned_by, reason, banned_at::text, expires_at::text";

const ACTIVE = "(expires_at is null or expires_at > statement_timestamp())";

/** Rooms of which the agent is a member and not banned. */
const entered = (room: string) => `
  exists (select from public.chat_members where room_id = ${room} and user_id = $1)
  and not exists (select from public.chat_bans where room_id = ${room} and user_id = $1 and ${ACTIVE})`;

/** Messages that role `user` may see: not deleted, in such rooms. */
const visible = (room: string) => `not m.is_deleted and ${entered(room)}`;

/** The four statements of a list that is read in both directions, on its first page and on the next ones. */
const directions = (
  name: string,
  text: (after: string, order: "asc" | "desc") => string,
  after: [string, string],
) => {
  const pair = (order: "asc" | "desc", comparison: string) => ({
    first: { name: `${name}_${order}_first`, text: text("", order) },
    next: {
      name: `${name}_${order}_next`,
      text: text(`and (${after[0]}) ${comparison} (${after[1]})`, order),
    },
  });
  return { newest: pair("desc", "<"), oldest: pair("asc", ">") };
};

const page = (name: string, text: (after: string) => string, after: string) => ({
  first: { name: `${name}_first`, text: text("") },
  next: { name: `${name}_next`, text: text(after) },
});

/** Whether a person's user name or display name holds the folded text in a parameter, or the parameter is null. */
const named = (parameter: string) => `
  (${parameter}::text is null
   or position(${parameter} in public.chat_search_names(u.username, u.display_name)) > 0)`;

/** The function decides by the role `user` what the agent may see, as for Hasura. */
const search = (position: string) => `
  select ${MESSAGE} from public.find_chat_messages(
      json_build_object('x-hasura-role', 'user', 'x-hasura-user-id', $1::text),
      $2, $3, $4::uuid, $5::text, $6::timestamptz, $7::timestamptz${position}) m ${MESSAGE_JOINS}
   order by m.created_at desc, m.id desc`;

export const statements = {
  /** $2 whether inactive ones, too */
  listRooms: {
    name: "list_rooms",
    text: `select r.id, r.name, r.description, r.is_active, r.created_at::text
             from public.chat_rooms r where (r.is_active or $2) and ${entered("r.id")} order by r.created_at, r.id`,
  },
  /** $2 room, $3 rows, $4 since, $5 until; $6 time, $7 id of the last row seen */
  getMessages: directions(
    "get_messages",
    (after, order) => `select ${MESSAGE} from public.chat_messages m ${MESSAGE_JOINS}
      where m.room_id = $2 and ${visible("$2")}
        and m.created_at >= $4::timestamptz and m.created_at < $5::timestamptz ${after}
      order by m.created_at ${order}, m.id ${order} limit $3`,
    ["m.created_at, m.id", "$6::timestamptz, $7::uuid"],
  ),
  /** $2 room, $3 message */
  messageInRoom: {
    name: "message_in_room",
    text: `select ${MESSAGE} from public.chat_messages m ${MESSAGE_JOINS}
            where m.id = $3 and m.room_id = $2 and ${visible("$2")}`,
  },
  /** $2 words, $3 rows, $4 room or null, $5 user or null, $6 since, $7 until; $8 time, $9 id of the last row seen */
  searchMessages: {
    first: { name: "search_messages_first", text: search("") },
    next: { name: "search_messages_next", text: search(", $8::timestamptz, $9::uuid") },
  },
  /** $2 user, $3 rows, $4 room or null, $5 since, $6 until; $7 time, $8 id of the last row seen */
  messagesOfUser: page(
    "messages_of_user",
    (after) => `select ${MESSAGE} from public.chat_messages m ${MESSAGE_JOINS}
      where ${visible("m.room_id")} and m.user_id = $2
        and ($4::uuid is null or m.room_id = $4)
        and m.created_at >= $5::timestamptz and m.created_at < $6::timestamptz ${after}
      order by m.created_at desc, m.id desc limit $3`,
    "and (m.created_at, m.id) < ($7::timestamptz, $8::uuid)",
  ),
  /** $1 user */
  userExists: { name: "user_exists", text: "select from public.users where id = $1" },
  /** $2 room, $3 rows, $4 folded part of a name or null; $5 time, $6 id of the last row seen */
  listMembers: page(
    "list_members",
    (after) => `select ${MEMBER} from public.chat_members c left join public.users u on u.id = c.user_id
      where c.room_id = $2 and ${named("$4")}
        and exists (select from public.chat_members where room_id = $2 and user_id = $1)
        and not exists (select from public.chat_bans where room_id = $2 and user_id = c.user_id and ${ACTIVE}) ${after}
      order by c.joined_at, c.id limit $3`,
    "and (c.joined_at, c.id) > ($5::timestamptz, $6::uuid)",
  ),
  /** Who is banned, with the ban that lasts longest and what is left of a membership. Parameters as in listMembers */
  listBanned: page(
    "list_banned",
    (after) => `select ${BAN_COLUMNS}, ${USER}, c.role, c.is_muted, c.muted_until::text, c.joined_at::text
      from public.chat_bans b
      left join public.users u on u.id = b.user_id
      left join public.chat_members c on c.room_id = b.room_id and c.user_id = b.user_id
      where b.room_id = $2 and ${named("$4")} and (b.expires_at is null or b.expires_at > statement_timestamp())
        and public.chat_bans_is_longest(b)
        and exists (select from public.chat_members where room_id = $2 and user_id = $1) ${after}
      order by b.banned_at, b.id limit $3`,
    "and (b.banned_at, b.id) > ($5::timestamptz, $6::uuid)",
  ),
  /** The agent's place in a room. $2 room */
  standing: {
    name: "standing",
    text: `select exists (select from public.chat_rooms where id = $2) as room_exists,
                  (select role from public.chat_members where room_id = $2 and user_id = $1) as agent_role,
                  exists (select from public.chat_bans where room_id = $2 and user_id = $1 and ${ACTIVE}) as agent_banned`,
  },
  /** The role of a user. $1 room, $2 user */
  roleOf: {
    name: "role_of",
    text: "select role from public.chat_members where room_id = $1 and user_id = $2",
  },
  /** $2 room, $3 content, $4 type, $5 content id, $6 key */
  sendMessage: {
    name: "send_message",
    text: `with m as (
             insert into public.chat_messages (room_id, user_id, content, message_type, phenom_id, idempotency_key)
             values ($2, $1, $3, $4, $5, $6) on conflict (user_id, idempotency_key) do nothing returning *)
           select ${MESSAGE} from m ${MESSAGE_JOINS}`,
  },
  /** $2 key */
  messageByKey: {
    name: "message_by_key",
    text: `select m.is_deleted, ${MESSAGE} from public.chat_messages m ${MESSAGE_JOINS}
            where m.user_id = $1 and m.idempotency_key = $2`,
  },
  /** $2 message, in a room that the agent is in; the first deletion stays on record */
  deleteMessage: {
    name: "delete_message",
    text: `with target as (
             select m.id from public.chat_messages m
              where m.id = $2 and ${entered("m.room_id")}),
           deleted as (
             update public.chat_messages m set is_deleted = true, deleted_by = $1
               from target where m.id = target.id and not m.is_deleted)
           select id from target`,
  },
  /** $2 room, $3 user, $4 since, $5 how many */
  deleteMessages: {
    name: "delete_messages",
    text: `with deleted as (
             update public.chat_messages set is_deleted = true, deleted_by = $1
              where id in (
                select id from public.chat_messages
                 where room_id = $2 and user_id = $3 and not is_deleted and created_at >= $4::timestamptz
                 order by created_at desc limit $5)
                and not is_deleted
             returning id)
           select count(*)::int as deleted from deleted`,
  },
  /** $1 room, $2 user, who is not banned, $3 muted, $4 until */
  muteUser: {
    name: "mute_user",
    text: `with c as (
             update public.chat_members set is_muted = $3, muted_until = $4
              where room_id = $1 and user_id = $2
                and not exists (select from public.chat_bans where room_id = $1 and user_id = $2 and ${ACTIVE})
             returning *)
           select ${MEMBER} from c left join public.users u on u.id = c.user_id`,
  },
  /** $2 room, $3 user, $4 reason, $5 end */
  banUser: {
    name: "ban_user",
    text: `insert into public.chat_bans (room_id, user_id, banned_by, reason, expires_at)
           select $2, $3, $1, $4, $5 where not exists (
             select from public.chat_bans where room_id = $2 and user_id = $3 and ${ACTIVE})
           returning ${BAN}`,
  },
  /** $1 room, $2 user */
  activeBan: {
    name: "active_ban",
    text: `select ${BAN} from public.chat_bans where room_id = $1 and user_id = $2 and ${ACTIVE}
            order by expires_at desc nulls first, id desc limit 1`,
  },
  /** $1 room, $2 user */
  unbanUser: {
    name: "unban_user",
    text: `delete from public.chat_bans where room_id = $1 and user_id = $2 returning ${ACTIVE} as was_active`,
  },
} as const;
