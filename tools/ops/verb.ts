import { type ParseArgsConfig, parseArgs } from "node:util";
import type { Context } from "./context.ts";
import { EXIT, Problem } from "./problem.ts";

/** What was said on the command line after verb and environment. */
export interface Invocation {
  /** Words before `--`. */
  readonly words: readonly string[];
  /** Words after `--`. */
  readonly command: readonly string[];
  flag(name: string): boolean;
  text(name: string): string | undefined;
  list(name: string): readonly string[];
}

type Options = NonNullable<ParseArgsConfig["options"]>;

export interface Verb {
  readonly name: string;
  /** One line for the list of verbs. */
  readonly summary: string;
  /** What follows verb and environment. @default - nothing */
  readonly usage?: string;
  /** Options of this verb alone, and what each does. */
  readonly options?: Readonly<Record<string, Options[string] & { readonly help: string }>>;
  /** Does it. @returns the exit code, 0 where it returns none */
  run(context: Context, invocation: Invocation): Promise<number | undefined>;
}

/** Options of every verb. */
export const commonOptions = {
  json: { type: "boolean", help: "one JSON object on stdout; progress stays on stderr" },
  "dry-run": { type: "boolean", help: "say what would be done, and do nothing" },
  yes: { type: "boolean", help: "do not ask before changing production" },
  outputs: { type: "string", help: "file with the stack's outputs, instead of its state in S3" },
  timeout: { type: "string", help: "minutes to wait for a task or service (default 30)" },
  poll: { type: "string", help: "seconds between two looks (default 5)" },
  help: { type: "boolean", help: "this text" },
} as const satisfies Verb["options"];

/** Reads what follows the verb. @throws Problem (usage) for an unknown or incomplete option */
export function parseInvocation(verb: Verb, args: readonly string[]): Invocation {
  const options: Options = { ...commonOptions, ...verb.options };
  try {
    const { values, tokens } = parseArgs({ args: [...args], options, allowPositionals: true, tokens: true });
    const terminator = tokens.find(({ kind }) => kind === "option-terminator")?.index ?? args.length;
    const positionals = tokens.filter((token) => token.kind === "positional");
    return {
      words: positionals.filter(({ index }) => index < terminator).map(({ value }) => value),
      command: positionals.filter(({ index }) => index > terminator).map(({ value }) => value),
      flag: (name) => values[name] === true,
      text: (name) => {
        const value = values[name];
        return typeof value === "string" ? value : undefined;
      },
      list: (name) => [values[name] ?? []].flat().map(String),
    };
  } catch (error) {
    throw usage(verb, error instanceof Error ? error.message : String(error));
  }
}

/** The error for words that a verb can't use. */
export const usage = (verb: Verb, message: string): Problem =>
  new Problem(message, `Usage: ${usageLine(verb)}`, EXIT.usage);

export const usageLine = ({ name, usage }: Verb) =>
  `npm run ops -- ${name} <environment>${usage ? ` ${usage}` : ""} [options]`;

/** A whole number within limits out of an option or word. @throws Problem naming the limits */
export function wholeNumber(verb: Verb, name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw usage(verb, `${name} must be a whole number from ${min} to ${max}, and is "${text}"`);
}
