import { type MemberRow, type MessageRow, toMember, toMessage } from "./sql-form.ts";

/** The joined columns of a sender or member; all null where table users doesn't know the id. */
interface UserColumns {
  readonly known_user_id: string | null;
  readonly username: string | null;
  readonly display_name: string | null;
  readonly avatar_url: string | null;
}

interface PreviewColumns {
  /** Null where the message has no preview. */
  readonly url: string | null;
  readonly title: string | null;
  readonly description: string | null;
  readonly thumbnail_url: string | null;
  readonly media_type: string | null;
}

/** Rows as the statements select them: flat. */
export type FlatMessage = Omit<MessageRow, "user" | "link_preview"> & UserColumns & PreviewColumns;
export type FlatMember = Omit<MemberRow, "user"> & UserColumns;

const userOf = ({ known_user_id: id, username, display_name, avatar_url }: UserColumns) =>
  id === null ? null : { id, username, display_name, avatar_url };

const previewOf = ({ url, title, description, thumbnail_url, media_type }: PreviewColumns) =>
  url === null ? null : { url, title, description, thumbnail_url, media_type };

export const messageOf = (row: FlatMessage) =>
  toMessage({
    id: row.id,
    room_id: row.room_id,
    user_id: row.user_id,
    content: row.content,
    message_type: row.message_type,
    phenom_id: row.phenom_id,
    created_at: row.created_at,
    updated_at: row.updated_at,
    user: userOf(row),
    link_preview: previewOf(row),
  });

export const memberOf = (row: FlatMember) => toMember({ ...row, user: userOf(row) });
