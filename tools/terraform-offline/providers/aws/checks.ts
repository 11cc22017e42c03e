import { membersOf } from "../../json.ts";
import { Diagnostic, type PathStep } from "../../plugin/diagnostic.ts";
import { isKnown, isObject, isSet, isText, isUnknown, type Value, type Values } from "../../plugin/value.ts";

type Path = PathStep | readonly PathStep[];

const stepsOf = (path: Path): readonly PathStep[] => (typeof path === "object" ? path : [path]);

/**
 * Collects what is wrong with a configuration, in the words of the real provider. A value that is not known yet passes.
 */
export class Checks {
  readonly found: Diagnostic[] = [];

  error(path: Path, summary: string, detail = ""): void {
    this.found.push(new Diagnostic(summary, detail, stepsOf(path)));
  }

  warning(path: Path, summary: string, detail = ""): void {
    this.found.push(new Diagnostic(summary, detail, stepsOf(path), "warning"));
  }

  matches(config: Values, name: string, pattern: RegExp, rule: string): void {
    const value = config[name];
    if (isText(value) && !pattern.test(value))
      this.error(name, `invalid value for ${name}: ${JSON.stringify(value)}`, rule);
  }

  length(config: Values, name: string, min: number, max: number): void {
    const value = config[name];
    if (isText(value) && (value.length < min || value.length > max))
      this.error(
        name,
        `expected length of ${name} to be in the range (${min} - ${max}), got ${value.length}: ` +
          JSON.stringify(value),
      );
  }

  /** @param path @default - the attribute itself */
  range(config: Values, name: string, min: number, max: number, path: Path = name): void {
    const value = config[name];
    const number = Number(value);
    if (isKnown(value) && value !== "" && !(number >= min && number <= max))
      this.error(path, `expected ${name} to be in the range (${min} - ${max}), got ${value}`);
  }

  /** @param path @default - the attribute itself */
  oneOf(config: Values, name: string, allowed: readonly string[], path: Path = name): void {
    const value = config[name];
    if (isText(value) && value !== "" && !allowed.includes(value))
      this.error(path, `expected ${name} to be one of ${JSON.stringify(allowed)}, got ${value}`);
  }

  required(config: Values, name: string, reason: string): void {
    if (!isSet(config[name]) || config[name] === "") this.error(name, `${name} is required`, reason);
  }

  conflicts(config: Values, name: string, others: readonly string[]): void {
    for (const other of others)
      if (isSet(config[name]) && isKnown(config[other]))
        this.error(name, "Conflicting configuration arguments", `"${name}": conflicts with ${other}`);
  }

  allOrNone(config: Values, names: readonly string[]): void {
    if (names.every((name) => isSet(config[name]))) return;
    for (const name of names.filter((name) => isSet(config[name])))
      this.error(
        name,
        "Missing required argument",
        `"${name}": all of \`${names.join(",")}\` must be specified`,
      );
  }

  exactlyOne(config: Values, names: readonly [string, ...string[]]): void {
    const summary = "Invalid combination of arguments";
    const known = names.filter((name) => isKnown(config[name]));
    if (!names.some((name) => isSet(config[name])))
      this.error(names[0], summary, `one of \`${names.join(",")}\` must be specified`);
    else if (known[0] !== undefined && known.length > 1)
      this.error(
        known[0],
        summary,
        `only one of \`${names.join(",")}\` can be specified, but \`${known.join(",")}\` were specified.`,
      );
  }

  /** What the text says as JSON; `undefined` if it is no text, or no JSON. */
  json(path: Path, text: Value | undefined): unknown {
    if (!isText(text)) return undefined;
    try {
      return JSON.parse(text);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.error(path, `"${stepsOf(path).join(".")}" contains invalid JSON`, reason);
      return undefined;
    }
  }

  /** A JSON object with a list of that name. @param otherwise the error if the list is missing */
  jsonWithList(config: Values, name: string, list: string, otherwise: string): void {
    const document = this.json(name, config[name]);
    if (document !== undefined && !Array.isArray(membersOf(document)[list])) this.error(name, otherwise);
  }

  cidr(value: Value | undefined, path: Path): void {
    if (isText(value) && value !== "" && !/^(\d{1,3}\.){3}\d{1,3}\/(\d|[12]\d|3[0-2])$/.test(value))
      this.error(path, `${JSON.stringify(value)} is not a valid IPv4 CIDR block`);
  }

  tags(tags: Value | undefined): void {
    if (!isObject(tags)) return;
    for (const [name, value] of Object.entries(tags)) {
      if (/^aws:/i.test(name)) this.error("tags", `a tag name cannot begin with "aws:": ${name}`);
      if (name.length > 128 || (isText(value) && value.length > 256))
        this.error("tags", `tag ${name} is too long (name 128, value 256)`);
    }
  }
}

/** Whether a list of blocks is known to be empty. */
export const isEmpty = (value: Value | undefined): boolean => Array.isArray(value) && value.length === 0;

/** Whether it is known to be another value. */
export const isOther = (value: Value | undefined, expected: Value): boolean =>
  value !== expected && !isUnknown(value);
