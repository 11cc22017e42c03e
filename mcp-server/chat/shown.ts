import type * as z from "zod";
import type { Ban, Member, Message, messageSchema, Profile, Room, usersSchema } from "./model.ts";
import { seconds } from "./time.ts";

/** What an agent reads of the backends' rows: people once per page, times in seconds, nothing twice. */

type ShownMessage = z.input<typeof messageSchema>;
type Users = z.input<typeof usersSchema>;

const maybeSeconds = (time: string | undefined) => (time === undefined ? undefined : seconds(time));

/** Times of a message; both in full if they differ within one second. */
function times({ created_at, updated_at }: Message) {
  if (updated_at === undefined) return { created_at: seconds(created_at) };
  const short = { created_at: seconds(created_at), updated_at: seconds(updated_at) };
  return short.created_at === short.updated_at ? { created_at, updated_at } : short;
}

/** @param withRoom whether the message names its room, which it need not if the call does */
export const shownMessage = (message: Message, withRoom: boolean): ShownMessage => ({
  id: message.id,
  ...(withRoom && { room_id: message.room_id }),
  user_id: message.user_id,
  content: message.content,
  message_type: message.message_type,
  ...(message.phenom_id !== undefined && { phenom_id: message.phenom_id }),
  ...(message.link_preview !== undefined && { link_preview: message.link_preview }),
  ...times(message),
});

const hasProfile = ({ username, display_name, avatar_url }: Profile) =>
  username !== undefined || display_name !== undefined || avatar_url !== undefined;

/** The messages of a page, and their senders once each. */
export function shownMessages(
  items: readonly Message[],
  withRoom: boolean,
): { messages: ShownMessage[]; users: Users } {
  // Without a prototype, because ids are any text.
  const users: Users = Object.create(null);
  for (const { user_id, profile } of items)
    if (profile !== undefined && users[user_id] === undefined && hasProfile(profile))
      users[user_id] = profile;
  return { messages: items.map((message) => shownMessage(message, withRoom)), users };
}

export const shownRoom = (room: Room): Room => ({ ...room, created_at: seconds(room.created_at) });

export const shownBan = (ban: Ban): Ban => ({
  ...ban,
  banned_at: seconds(ban.banned_at),
  expires_at: maybeSeconds(ban.expires_at),
});

export const shownMember = (member: Member): Member => ({
  ...member,
  muted_until: maybeSeconds(member.muted_until),
  joined_at: seconds(member.joined_at),
  ...(member.ban !== undefined && { ban: shownBan(member.ban) }),
});
