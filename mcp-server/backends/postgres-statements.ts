/** The postgres backend's prepared statements. `$1` is the agent's user id, unless a comment says otherwise. */

/** Plain columns that `postgres-rows.ts` nests, which saves writing and parsing JSON for each row. */
const USER = "u.id is not null as user_known, u.username, u.display_name, u.avatar_url";

const MESSAGE = `
  m.id, m.room_id, m.user_id, m.content, m.message_type, m.phenom_id,
  m.created_at::text, m.updated_at::text, ${USER},
  p.url, p.title, p.description, p.thumbnail_url, p.media_type`;

const MESSAGE_JOINS = `
  left join public.users u on u.id = m.user_id
  left join public.link_previews p on p.phenom_id = m.phenom_id`;

const MEMBER = `
  c.id, c.room_id, c.user_id, c.role, c.is_muted, c.muted_until::text, c.joined_at::text, ${USER}`;

const BAN = "id, room_id, user_id, banned_by, reason, banned_at::text, expires_at::text";

const ACTIVE = "(expires_at is null or expires_at > statement_timestamp())";

/** Messages that role `user` may see: not deleted, in rooms of which the agent is a member and not banned. */
const visible = (room: string) => `
  not m.is_deleted
  and exists (select from public.chat_members where room_id = ${room} and user_id = $1)
  and not exists (select from public.chat_bans where room_id = ${room} and user_id = $1 and ${ACTIVE})`;

const page = (name: string, text: (after: string) => string, after: string) => ({
  first: { name: `${name}_first`, text: text("") },
  next: { name: `${name}_next`, text: text(after) },
});

export const statements = {
  listRooms: {
    name: "list_rooms",
    text: `select id, name, description, is_active, created_at::text
             from public.chat_rooms where is_active or $1 order by chat_rooms.created_at, id`,
  },
  /** $2 room, $3 rows; $4 time, $5 id of the last row seen */
  getMessages: page(
    "get_messages",
    (after) => `select ${MESSAGE} from public.chat_messages m ${MESSAGE_JOINS}
      where m.room_id = $2 and ${visible("$2")} ${after}
      order by m.created_at desc, m.id desc limit $3`,
    "and (m.created_at, m.id) < ($4::timestamptz, $5::uuid)",
  ),
  /** $2 words, $3 rows, $4 room or null, $5 user or null; $6 time, $7 id of the last row seen */
  searchMessages: page(
    "search_messages",
    (after) => `select ${MESSAGE} from public.search_chat_messages($2) m ${MESSAGE_JOINS}
      where ${visible("m.room_id")}
        and ($4::uuid is null or m.room_id = $4) and ($5::text is null or m.user_id = $5) ${after}
      order by m.created_at desc, m.id desc limit $3`,
    "and (m.created_at, m.id) < ($6::timestamptz, $7::uuid)",
  ),
  /** $2 room, $3 rows; $4 time, $5 id of the last row seen */
  listMembers: page(
    "list_members",
    (after) => `select ${MEMBER} from public.chat_members c left join public.users u on u.id = c.user_id
      where c.room_id = $2
        and exists (select from public.chat_members where room_id = $2 and user_id = $1) ${after}
      order by c.joined_at, c.id limit $3`,
    "and (c.joined_at, c.id) > ($4::timestamptz, $5::uuid)",
  ),
  /** Why a room shows nothing. $2 room */
  standing: {
    name: "standing",
    text: `select exists (select from public.chat_members where room_id = r.id and user_id = $1) as is_member,
                  exists (select from public.chat_bans where room_id = r.id and user_id = $1 and ${ACTIVE}) as is_banned
             from public.chat_rooms r where r.id = $2`,
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
  /** $2 message; the first deletion stays on record */
  deleteMessage: {
    name: "delete_message",
    text: `with deleted as (
             update public.chat_messages set is_deleted = true, deleted_by = $1
              where id = $2 and not is_deleted returning id)
           select id from deleted union select id from public.chat_messages where id = $2`,
  },
  /** $1 room, $2 user, $3 muted, $4 until */
  muteUser: {
    name: "mute_user",
    text: `with c as (
             update public.chat_members set is_muted = $3, muted_until = $4
              where room_id = $1 and user_id = $2 returning *)
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
            order by expires_at desc nulls first limit 1`,
  },
  /** $1 room, $2 user */
  unbanUser: {
    name: "unban_user",
    text: `delete from public.chat_bans where room_id = $1 and user_id = $2 returning ${ACTIVE} as was_active`,
  },
  /** $1 room */
  roomExists: { name: "room_exists", text: "select from public.chat_rooms where id = $1" },
} as const;
