import { crc32 } from "node:zlib";
import { errors } from "./error.ts";

/**
 * A cursor is `<scope>.<number>.<id>`: where a page ended, and a hash of the question that it belongs to. A cursor of
 * another tool, room or search is refused instead of answered with a page that looks right.
 */
export interface Position {
  /** Milliseconds or microseconds since 1970, as the backend counts, in digits. */
  readonly at: string;
  readonly id: string;
}

const FORM = /^([0-9a-z]{1,7})\.(\d{1,18})\.(.{1,255})$/s;

/** Detects the cursor of another question. It may be forged: a cursor leads only to pages that the caller may read. */
const scopeHash = (scope: readonly unknown[]) => crc32(JSON.stringify(scope)).toString(36);

/** @param scope tool and arguments of the question, without the limit */
export const toCursor = (scope: readonly unknown[], { at, id }: Position): string =>
  `${scopeHash(scope)}.${at}.${id}`;

/** @throws ChatError invalid_argument */
export function fromCursor(
  scope: readonly unknown[],
  cursor: string | undefined,
  isId: (id: string) => boolean,
): Position | undefined {
  if (cursor === undefined) return undefined;
  const [, of, at = "", id = ""] = FORM.exec(cursor) ?? [];
  if (of !== scopeHash(scope) || !isId(id)) throw errors.badCursor();
  return { at, id };
}
