import { createHash } from "node:crypto";
import * as z from "zod";
import type { ValueChange } from "./plan-json.ts";

/** Bytes of a hash: enough that nobody finds other values with the same one, and that thousands fit into a comment. */
const HASH_BYTES = 9;

const SENSITIVE = "(sensitive)";

const pathSchema = z.array(z.union([z.string(), z.number()])).readonly();
type Path = z.output<typeof pathSchema>;

/** The planned values of a change in a form that can be shown to everybody and compared later. */
export const fingerprintSchema = z.object({
  /** Hash of the values that are known. */
  hash: z.string(),
  /** Paths of the values that are only known after the apply; they are not in the hash. */
  unknown: z.array(pathSchema).readonly(),
});
export type Fingerprint = z.output<typeof fingerprintSchema>;

/**
 * @param unknown paths to leave out besides those that the plan itself does not know: a value that was not known at the
 *   review may be known later, once what it comes from exists
 */
export function fingerprint(change: ValueChange, unknown: readonly Path[] = []): Fingerprint {
  const own = pathsOf(change.after_unknown);
  let after = hidden(change.after, change.after_sensitive);
  for (const path of [...own, ...unknown]) after = without(after, path);
  const hash = createHash("sha256")
    .update(JSON.stringify(canonical(after)) ?? "")
    .digest()
    .subarray(0, HASH_BYTES)
    .toString("base64url");
  return { hash, unknown: own };
}

/** Whether a change would set the values that were reviewed. */
export const sameValues = (reviewed: Fingerprint, change: ValueChange): boolean =>
  fingerprint(change, reviewed.unknown).hash === reviewed.hash;

/** The paths that `marks` marks, in order. */
export function pathsOf(marks: unknown, path: Path = []): Path[] {
  if (marks === true) return [path];
  if (Array.isArray(marks)) return marks.flatMap((mark, index) => pathsOf(mark, [...path, index]));
  if (typeof marks !== "object" || marks === null) return [];
  return Object.entries(marks)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, mark]) => pathsOf(mark, [...path, key]));
}

/** The value, with a fixed text in place of what is marked as sensitive. */
function hidden(value: unknown, marks: unknown): unknown {
  if (marks === true) return value === null || value === undefined ? value : SENSITIVE;
  if (Array.isArray(value))
    return value.map((item, index) => hidden(item, Array.isArray(marks) ? marks[index] : undefined));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, hidden(item, fieldOf(marks, key))]),
  );
}

const fieldOf = (value: unknown, key: string): unknown =>
  typeof value === "object" && value !== null
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;

/** The value with `null` at the path, whether the path exists or not. */
function without(value: unknown, [key, ...rest]: Path): unknown {
  if (key === undefined) return null;
  if (typeof key === "number") {
    const list = Array.isArray(value) ? [...value] : [];
    list[key] = without(list[key], rest);
    return Array.from(list, (item) => item ?? null);
  }
  const fields = typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
  return { ...fields, [key]: without(fieldOf(value, key), rest) };
}

/** Digests are left out of image references whose tag already names the content, see {@link ../images/content.ts}. */
const DIGEST = /\b(content-[0-9a-f]+)@sha256:[0-9a-f]{64}/g;

/** The value with sorted keys, so that equal values have equal JSON. `null` fields are left out, as unset ones are. */
function canonical(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll(DIGEST, "$1");
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value ?? null;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null && item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, canonical(item)]),
  );
}
