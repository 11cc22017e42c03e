import { hash } from "node:crypto";
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

const FORM = /^([\w-]{6})\.(\d{1,18})\.(.{1,255})$/s;

const scopeHash = (scope: readonly unknown[]) =>
  hash("sha256", JSON.stringify(scope), "base64url").slice(0, 6);

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
