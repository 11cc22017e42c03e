import { Diagnostic } from "../../plugin/diagnostic.ts";
import { isKnown, type Value, type Values } from "../../plugin/value.ts";
import type { RunState } from "../../run-state.ts";
import type { Unique } from "./service.ts";

type Names = Pick<RunState, "names">;

export const uniqueKey = (type: string, { by, inAllRegions }: Unique, state: Values): string =>
  `${type}|${inAllRegions ? "" : (state.region ?? "")}|${JSON.stringify(by.map((name) => state[name] ?? ""))}`;

const idOf = (state: Values): Value => state.id ?? state.arn ?? null;

/** @throws Diagnostic if another resource of the run has the same name */
export function claimName(
  type: string,
  unique: Unique,
  state: Values,
  prior: Values | null,
  { names }: Names,
): void {
  const key = uniqueKey(type, unique, state);
  const before = prior ? uniqueKey(type, unique, prior) : undefined;
  if (before !== key && names.has(key)) throw alreadyExists(type, unique, state);
  if (before !== undefined && before !== key && names.get(before) === idOf(state)) names.delete(before);
  names.set(key, idOf(state));
}

export function keepName(type: string, unique: Unique, state: Values, { names }: Names): void {
  const key = uniqueKey(type, unique, state);
  if (!names.has(key)) names.set(key, idOf(state));
}

export function releaseName(type: string, unique: Unique, state: Values, { names }: Names): void {
  const key = uniqueKey(type, unique, state);
  if (names.get(key) === idOf(state)) names.delete(key);
}

function alreadyExists(type: string, { by, error, message }: Unique, state: Values): Diagnostic {
  const name = by
    .filter((attribute) => isKnown(state[attribute]) && state[attribute] !== "")
    .map((attribute) => `${attribute} = ${JSON.stringify(state[attribute])}`)
    .join(", ");
  const attribute =
    by.find((candidate) => /name|identifier|domain|bucket|url$|^priority$/.test(candidate)) ?? by[0];
  return new Diagnostic(
    `creating ${type}: ${error}`,
    `${message ? `${message(state)}. ` : ""}AlreadyExists: another ${type} with ${name} exists in this run; ` +
      "AWS would refuse the second one.",
    attribute === undefined ? [] : [attribute],
  );
}

/** Names of a type that are in use in a region, with the id of what bears each. */
export const namesInUse = (type: string, region: string, { names }: Names): [name: string, id: Value][] =>
  [...names].flatMap(([key, id]) => {
    const prefix = `${type}|${region}|`;
    if (!key.startsWith(prefix)) return [];
    const [name]: string[] = JSON.parse(key.slice(prefix.length));
    return name === undefined ? [] : [[name, id]];
  });
