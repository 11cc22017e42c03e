import * as z from "zod";
import type { MessageDraft } from "../chat/backend.ts";
import { ChatError, errors } from "../chat/error.ts";
import type { Ban, LinkPreview, Member, Message, Room, User } from "../chat/model.ts";
import { isoTime } from "../chat/time.ts";

/**
 * Rows of the chat's tables, for both backends on that schema. Times are PostgreSQL's text, so that no microsecond is
 * lost between two pages.
 */
const optional = z.string().nullable();
const userRow = z.object({
  id: z.string(),
  username: optional,
  display_name: optional,
  avatar_url: optional,
});
export const roomRow = z.object({
  id: z.string(),
  name: z.string(),
  description: optional,
  is_active: z.boolean(),
  created_at: z.string(),
});
const linkPreviewRow = z.object({
  url: z.string(),
  title: optional,
  description: optional,
  thumbnail_url: optional,
  media_type: optional,
});
export const messageRow = z.object({
  id: z.string(),
  room_id: z.string(),
  user_id: z.string(),
  content: z.string(),
  message_type: z.enum(["text", "phenom_link"]),
  phenom_id: optional,
  created_at: z.string(),
  updated_at: z.string(),
  user: userRow.nullable(),
  link_preview: linkPreviewRow.nullable(),
});
export const memberRow = z.object({
  id: z.string(),
  room_id: z.string(),
  user_id: z.string(),
  role: z.enum(["user", "support", "admin"]),
  is_muted: z.boolean(),
  muted_until: optional,
  joined_at: z.string(),
  user: userRow.nullable(),
});
export const banRow = z.object({
  id: z.string(),
  room_id: z.string(),
  user_id: z.string(),
  banned_by: z.string(),
  reason: optional,
  banned_at: z.string(),
  expires_at: optional,
});

export type RoomRow = z.output<typeof roomRow>;
export type MessageRow = z.output<typeof messageRow>;
export type MemberRow = z.output<typeof memberRow>;
export type BanRow = z.output<typeof banRow>;

/** Columns of users, messages and members; the backends join them, nested or flat. */
export type UserColumns = Omit<z.output<typeof userRow>, "id">;
export type PreviewColumns = z.output<typeof linkPreviewRow>;
export type MessageColumns = Omit<MessageRow, "user" | "link_preview">;
export type MemberColumns = Omit<MemberRow, "user">;

const SPACE = 32;

/** Times before the year 1, and before all times. */
const LONG_AGO = /^-|BC$/;

/** `2026-01-31 12:00:00.123456+00` or `2026-01-31T12:00:00.123456+00:00` as ISO 8601 in UTC. */
export function utc(text: string): string {
  // The format of `timestamptz::text`. Each message has two of them, so this path uses no regular expression.
  if (text.length > 21 && text.charCodeAt(10) === SPACE && text.endsWith("+00"))
    return `${text.slice(0, 10)}T${text.slice(11, -3)}Z`;
  const match = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)?(?:Z|[+-]00(?::?00)?)$/.exec(text);
  if (match) return `${match[1]}T${match[2]}${match[3] ?? ""}Z`;
  // A time that was written by hand, such as infinity or the year 10000, must not fail the page that it is on.
  return isoTime(LONG_AGO.test(text) ? 0 : Date.parse(text));
}

const present = (value: string | null) => value ?? undefined;
const presentTime = (value: string | null) => (value === null ? undefined : utc(value));

const toUser = (id: string, columns: UserColumns): User => ({
  id,
  username: present(columns.username),
  display_name: present(columns.display_name),
  avatar_url: present(columns.avatar_url),
});

const toPreview = (columns: PreviewColumns): LinkPreview => ({
  url: columns.url,
  title: present(columns.title),
  description: present(columns.description),
  thumbnail_url: present(columns.thumbnail_url),
  media_type: present(columns.media_type),
});

export const toRoom = (row: RoomRow): Room => ({
  id: row.id,
  name: row.name,
  description: present(row.description),
  is_active: row.is_active,
  created_at: utc(row.created_at),
});

/** `user` is null if table users does not hold the sender. */
export const toMessage = (
  row: MessageColumns,
  user: UserColumns | null,
  preview: PreviewColumns | null,
): Message => ({
  id: row.id,
  room_id: row.room_id,
  user_id: row.user_id,
  user: user === null ? undefined : toUser(row.user_id, user),
  content: row.content,
  message_type: row.message_type,
  phenom_id: present(row.phenom_id),
  link_preview: preview === null ? undefined : toPreview(preview),
  created_at: utc(row.created_at),
  updated_at: utc(row.updated_at),
});

/** A mute that has expired counts as none, although its row still says so. */
export const toMember = (row: MemberColumns, user: UserColumns | null): Member => {
  const muted = row.is_muted && (row.muted_until === null || Date.parse(utc(row.muted_until)) > Date.now());
  return {
    room_id: row.room_id,
    user_id: row.user_id,
    user: user === null ? undefined : toUser(row.user_id, user),
    role: row.role,
    is_muted: muted,
    muted_until: muted ? presentTime(row.muted_until) : undefined,
    joined_at: utc(row.joined_at),
  };
};

export const toBan = (row: BanRow): Ban => ({
  id: row.id,
  room_id: row.room_id,
  user_id: row.user_id,
  banned_by: row.banned_by,
  reason: present(row.reason),
  banned_at: utc(row.banned_at),
  expires_at: presentTime(row.expires_at),
});

/** Position at which a page ended: time and id of its last row. */
export interface Position {
  readonly at: string;
  readonly id: string;
}

const guid = z.guid();
const positionSchema = z.tuple([z.iso.datetime(), guid]);

export const toCursor = ({ at, id }: Position): string =>
  Buffer.from(JSON.stringify([utc(at), id])).toString("base64url");

/** @throws ChatError invalid_argument */
export function fromCursor(cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    throw errors.badCursor();
  }
  const position = positionSchema.safeParse(json);
  // PostgreSQL has no year below 1 and rounds to microseconds.
  if (!position.success || !/^[1-9]\d{3}-.{14}(\.\d{1,6})?Z$/.test(position.data[0]))
    throw errors.badCursor();
  return { at: position.data[0], id: position.data[1] };
}

/** Makes a page of rows that were read with one more than `limit`. */
export function cutPage<R extends { id: string }, Item>(
  rows: readonly R[],
  limit: number,
  at: (row: R) => string,
  toItem: (row: R) => Item,
): { items: Item[]; next_cursor?: string } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const items = shown.map(toItem);
  return rows.length > limit && last
    ? { items, next_cursor: toCursor({ at: at(last), id: last.id }) }
    : { items };
}

/** @throws ChatError invalid_argument unless `value` is a UUID */
export function uuid(field: "room_id" | "message_id" | "around", value: string): string {
  if (!guid.safeParse(value).success)
    throw errors.badId(field, value, "a UUID, as room and message ids are on this chat");
  return value.toLowerCase();
}

/** The message of the chat's own rules is written for clients; all other errors are hidden. */
export const ruleBroken = (message: string, cause: unknown): ChatError =>
  new ChatError("rejected", message, { cause });

/** What a key stands for: the message that was sent with it first. */
export function sentWithKey<Row extends MessageColumns & { readonly is_deleted: boolean }>(
  row: Row | undefined,
  draft: MessageDraft,
): Row | undefined {
  if (row?.is_deleted) throw errors.keyOfDeletedMessage();
  const isOther =
    row !== undefined &&
    (row.content !== draft.content ||
      row.message_type !== draft.message_type ||
      row.phenom_id !== (draft.phenom_id ?? null));
  if (isOther) throw errors.keyOfOtherMessage();
  return row;
}
