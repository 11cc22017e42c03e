import * as z from "zod";
import { nothingSearchable } from "../../shared/chat-search.ts";
import type { MessageDraft, Order, Period } from "../chat/backend.ts";
import { fromCursor, toCursor } from "../chat/cursor.ts";
import { ChatError, errors } from "../chat/error.ts";
import { fittingMembers, fittingMessages } from "../chat/lines.ts";
import type { Ban, LinkPreview, Member, Message, Profile, Role, Room } from "../chat/model.ts";
import { NOTHING_SEARCHABLE } from "../chat/search-query.ts";
import { isoTime } from "../chat/time.ts";

/**
 * Rows of the chat's tables, for both backends on that schema. Times are PostgreSQL's text, so that no microsecond is
 * lost between two pages.
 */
const optional = z.string().nullable();
/** A person's id; of one whose account was deleted the database keeps none. */
const authorId = z
  .string()
  .nullable()
  .transform((id) => id ?? "deleted");
export const userRow = z.object({
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
  user_id: authorId,
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
  banned_by: authorId,
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
export type MessageColumns = Omit<MessageRow, "user" | "link_preview" | "updated_at"> & {
  /** Null or the time of creation if the message was never changed. */
  readonly updated_at: string | null;
};
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

const toProfile = (columns: UserColumns): Profile => ({
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
  profile: user === null ? undefined : toProfile(user),
  content: row.content,
  message_type: row.message_type,
  phenom_id: present(row.phenom_id),
  link_preview: preview === null ? undefined : toPreview(preview),
  created_at: utc(row.created_at),
  updated_at: row.updated_at === row.created_at ? undefined : presentTime(row.updated_at),
});

/** A mute that has expired counts as none, although its row still says so. */
export const toMember = (row: MemberColumns, user: UserColumns | null): Member => {
  const muted = row.is_muted && (row.muted_until === null || Date.parse(utc(row.muted_until)) > Date.now());
  return {
    room_id: row.room_id,
    user_id: row.user_id,
    username: present(user?.username ?? null),
    display_name: present(user?.display_name ?? null),
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

/** What is left of a banned user's membership; it may have been removed. */
export type FormerMember = {
  readonly [Column in "role" | "is_muted" | "muted_until" | "joined_at"]: MemberRow[Column] | null;
};

/** A banned user as a member; without a membership the ban's time stands for the time of joining. */
export const toBanned = (
  ban: BanRow,
  member: FormerMember | undefined,
  user: UserColumns | null,
): Member => ({
  ...toMember(
    {
      id: ban.id,
      room_id: ban.room_id,
      user_id: ban.user_id,
      role: member?.role ?? "user",
      is_muted: member?.is_muted ?? false,
      muted_until: member?.muted_until ?? null,
      joined_at: member?.joined_at ?? ban.banned_at,
    },
    user,
  ),
  ban: toBan(ban),
});

/** Bounds of a query without since or until: times that every client reads. */
const ALWAYS = { since: "1970-01-01T00:00:00Z", until: "9999-12-31T23:59:59.999Z" };

export const bounds = ({ since, until }: Period) => ({
  since: since ?? ALWAYS.since,
  until: until ?? ALWAYS.until,
});

const guid = z.guid();

/** The row after which a page begins: its time with microseconds, and its id. */
export interface After {
  readonly at: string;
  readonly id: string;
}

/** Microseconds since 1970, in digits. */
function microseconds(text: string): string {
  const time = utc(text);
  const fraction = (/\.(\d{1,6})/.exec(time)?.[1] ?? "").padEnd(6, "0");
  return `${Date.parse(`${time.slice(0, 19)}Z`) / 1000}${fraction}`;
}

function timeOf(digits: string): string {
  const [milliseconds, rest] = [Number(digits.slice(0, -3)), digits.slice(-3)];
  const date = new Date(milliseconds);
  if (Number.isNaN(date.getTime()) || milliseconds > Date.parse(ALWAYS.until)) throw errors.badCursor();
  return date.toISOString().replace("Z", `${rest.padStart(3, "0")}Z`);
}

/** @throws ChatError invalid_argument unless the cursor belongs to this question */
export function readCursor(scope: readonly unknown[], cursor: string | undefined): After | undefined {
  const position = fromCursor(scope, cursor, (id) => guid.safeParse(id).success);
  return position && { at: timeOf(position.at), id: position.id };
}

export const writeCursor = (scope: readonly unknown[], row: { readonly at: string; readonly id: string }) =>
  toCursor(scope, { at: microseconds(row.at), id: row.id });

/** Makes a page of rows of which one more than `limit` was read; it ends early where its text would be too long. */
function cutPage<Row extends { readonly id: string }, Item>(
  rows: readonly Row[],
  limit: number,
  scope: readonly unknown[],
  at: (row: Row) => string,
  toItem: (row: Row) => Item,
  /** How many of the items fit on a page. */
  fitting: (items: readonly Item[]) => number,
): { items: Item[]; next_cursor?: string } {
  const all = rows.slice(0, limit).map(toItem);
  const items = all.slice(0, fitting(all));
  const last = rows[items.length - 1];
  return rows.length > items.length && last
    ? { items, next_cursor: writeCursor(scope, { at: at(last), id: last.id }) }
    : { items };
}

export const cutMessages = <Row extends MessageColumns>(
  rows: readonly Row[],
  limit: number,
  scope: readonly unknown[],
  toItem: (row: Row) => Message,
) => cutPage(rows, limit, scope, (row) => row.created_at, toItem, fittingMessages);

/** A page of members or of banned users. */
export const cutMembers = <Row extends { readonly id: string }>(
  rows: readonly Row[],
  limit: number,
  scope: readonly unknown[],
  at: (row: Row) => string,
  toItem: (row: Row) => Member,
) => cutPage(rows, limit, scope, at, toItem, fittingMembers);

/**
 * The page around a message. `older` has the rows before it, nearest first, and `newer` those after it; each one more
 * than is shown.
 */
export function cutAround<Row extends MessageColumns>(
  {
    older,
    own,
    newer,
  }: { readonly older: readonly Row[]; readonly own: Row; readonly newer: readonly Row[] },
  {
    order,
    limit,
    scope,
  }: { readonly order: Order; readonly limit: number; readonly scope: readonly unknown[] },
  toItem: (row: Row) => Message,
) {
  const { before, after } = halves(limit);
  const [past, future] = [older.slice(0, before - 1), newer.slice(0, after)];
  const shown =
    order === "newest" ? [...future.reverse(), own, ...past] : [...past.reverse(), own, ...future];
  const rest = order === "newest" ? older.slice(before - 1) : newer.slice(after);
  return cutMessages([...shown, ...rest], shown.length, scope, toItem);
}

/** What the tools ask before they moderate: the agent's and the target's places in the room. */
export const standingRow = z.object({
  room_exists: z.boolean(),
  agent_role: z.enum(["user", "support", "admin"]).nullable(),
  agent_banned: z.boolean(),
});
export type Standing = z.output<typeof standingRow>;

/** @throws ChatError unless the room exists and the agent is in it */
export function assertInRoom(room: string, standing: Standing): Role {
  if (!standing.room_exists) throw errors.noRoom(room);
  if (standing.agent_role === null) throw errors.notInRoom(room);
  if (standing.agent_banned) throw errors.bannedFromRoom(room);
  return standing.agent_role;
}

/** Half of a page before a message, and half after it; the message itself counts to the first half. */
export const halves = (limit: number) => ({ before: Math.ceil(limit / 2), after: Math.floor(limit / 2) });

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

/** A page of results, or none and the reason if the database finds nothing searchable in the query. */
export async function withHint<Row>(
  page: Promise<{ readonly rows: readonly Row[]; readonly isEmpty: boolean }>,
): Promise<{ readonly rows: readonly Row[]; readonly isEmpty: boolean; readonly hint?: string }> {
  try {
    return await page;
  } catch (error) {
    const isHint =
      error instanceof ChatError && error.code === "rejected" && error.message === nothingSearchable.message;
    if (!isHint) throw error;
    return { rows: [], isEmpty: false, hint: NOTHING_SEARCHABLE };
  }
}
