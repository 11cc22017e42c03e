import { isDeepStrictEqual } from "node:util";
import type { ValueChange } from "./plan-json.ts";

/** The most characters of a value that are shown. */
const MAX_CHARACTERS = 240;

const SENSITIVE = "(sensitive)";
const UNKNOWN = "(known after apply)";

type Fields = Readonly<Record<string, unknown>>;

/** The values at one path, and Terraform's marks for them. */
interface Place {
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly unknown: unknown;
  readonly sensitive: readonly unknown[];
}

/**
 * The differences, one line for each value: `+` for added, `-` for removed, `!` for changed. JSON in a string is compared
 * value by value, other long text line by line. Values that Terraform marks as sensitive are never shown.
 * @param root name of the value, for one that is not an object
 */
export function differences(change: ValueChange, root = ""): string[] {
  const { before, after, after_unknown: unknown, before_sensitive, after_sensitive } = change;
  const lines = compare({
    path: root,
    before,
    after,
    unknown,
    sensitive: [before_sensitive, after_sensitive],
  });
  // For a new resource, values that are only known after the apply say nothing.
  return isEmpty(before) ? lines.filter((text) => !text.endsWith(` = ${UNKNOWN}`)) : lines;
}

function compare({ path, before, after, unknown, sensitive }: Place): string[] {
  const secret = sensitive.some(containsTrue);
  const text = (value: unknown) => (isEmpty(value) ? undefined : secret ? SENSITIVE : shown(value));
  if (unknown === true) return line(path, text(before), secret ? SENSITIVE : UNKNOWN);
  const unknownInside = containsTrue(unknown);
  if (!unknownInside && isDeepStrictEqual(before, after)) return [];
  if (sensitive.includes(true))
    return line(path, text(before), text(after) ?? (unknownInside ? SENSITIVE : undefined));

  const [old, next] = [expanded(before), expanded(after)];
  const walkable = [old, next].every((value) => isEmpty(value) || fieldsOf(value));
  if (walkable && (unknownInside || fieldsOf(old) || fieldsOf(next))) {
    // Marks stand at indexes, so a list with marks is compared by index, and any other by the names in it.
    const byIndex = unknownInside || secret;
    const [left, right] = [fields(old, byIndex), fields(next, byIndex)];
    const keys = new Set([...Object.keys(left), ...Object.keys(right), ...keysOfMarks(unknown)]);
    return [...keys].flatMap((key) =>
      compare({
        path: path ? `${path}.${key}` : key,
        before: own(left, key),
        after: own(right, key),
        unknown: own(fieldsOf(unknown), key),
        sensitive: sensitive.map((mark) => own(fieldsOf(mark), key)),
      }),
    );
  }
  if (
    !secret &&
    typeof before === "string" &&
    typeof after === "string" &&
    `${before}${after}`.includes("\n")
  )
    return [`! ${path}:`, ...changedLines(before, after)];
  return line(path, text(before), text(after));
}

/** The ways in which providers write an unset value. */
const isEmpty = (value: unknown) =>
  value === undefined ||
  value === null ||
  value === "" ||
  (typeof value === "object" && Object.keys(value).length === 0);

const fieldsOf = (value: unknown): Fields | undefined =>
  typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : undefined;

/** A field, and not what every object inherits, such as `toString`. */
const own = (value: Fields | undefined, key: string) =>
  value && Object.hasOwn(value, key) ? value[key] : undefined;

const containsTrue = (mark: unknown): boolean =>
  mark === true || Object.values(fieldsOf(mark) ?? {}).some(containsTrue);

const keysOfMarks = (mark: unknown) =>
  Object.entries(fieldsOf(mark) ?? {})
    .filter(([, value]) => containsTrue(value))
    .map(([key]) => key);

/** Container definitions and policies are JSON in a string. */
function expanded(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** The fields of an object or list; the elements of a list by `name` or `Sid` where these are unique. */
function fields(value: unknown, byIndex: boolean): Fields {
  if (!Array.isArray(value) || byIndex) return fieldsOf(value) ?? {};
  for (const key of ["name", "Sid"]) {
    const names = value.map((element) => fieldsOf(element)?.[key]).filter((name) => typeof name === "string");
    if (names.length === value.length && new Set(names).size === names.length)
      return Object.fromEntries(names.map((name, index) => [name, value[index]]));
  }
  return fieldsOf(value) ?? {};
}

function line(path: string, before: string | undefined, after: string | undefined): string[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [`+ ${path} = ${after}`];
  if (after === undefined) return [`- ${path} = ${before}`];
  return [`! ${path} = ${before} → ${after}`];
}

/** The lines of each text that the other does not have. */
function changedLines(before: string, after: string): string[] {
  const [old, next] = [before.split("\n"), after.split("\n")];
  const [had, has] = [new Set(old), new Set(next)];
  return [
    ...old.filter((text) => !has.has(text)).map((text) => `-   ${cut(text)}`),
    ...next.filter((text) => !had.has(text)).map((text) => `+   ${cut(text)}`),
  ];
}

const shown = (value: unknown) => cut(JSON.stringify(value));
/** Shortens a text. It never ends in half a surrogate pair, which is not valid Unicode. */
const cut = (text: string) =>
  text.length > MAX_CHARACTERS
    ? `${text.slice(0, MAX_CHARACTERS).replace(/[\uD800-\uDBFF]$/, "")}… (${text.length} characters)`
    : text;
