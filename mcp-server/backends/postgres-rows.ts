import type { Member, Role } from "../chat/model.ts";
import {
  type BanRow,
  type MemberColumns,
  type MessageColumns,
  type PreviewColumns,
  toBanned,
  toMember,
  toMessage,
  type UserColumns,
} from "./sql-form.ts";

/** Rows as the statements select them: flat, with the columns of user and preview. */
export type FlatMessage = MessageColumns &
  UserColumns &
  Omit<PreviewColumns, "url"> & {
    /** Null if the message has no preview. */
    readonly url: string | null;
  };
export type FlatMember = MemberColumns & UserColumns;

const hasPreview = (row: FlatMessage): row is FlatMessage & PreviewColumns => row.url !== null;

export const messageOf = (row: FlatMessage) => toMessage(row, row, hasPreview(row) ? row : null);

export const memberOf = (row: FlatMember) => toMember(row, row);

/** A ban with its user, and with the membership if there still is one. */
export type FlatBanned = BanRow &
  UserColumns & {
    readonly role: Role | null;
    readonly is_muted: boolean | null;
    readonly muted_until: string | null;
    readonly joined_at: string | null;
  };

export const bannedOf = (row: FlatBanned): Member => toBanned(row, row, row);
