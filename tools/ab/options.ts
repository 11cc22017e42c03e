import { type Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import * as z from "zod";
import { createCommand } from "../cli/command.ts";
import { EXIT, Problem } from "../cli/problem.ts";
import { type Workload, workloadSchema } from "./workload.ts";

export interface DeployedSide {
  readonly url: URL;
  /** Access tokens; callers share them in turn. */
  readonly tokens: readonly string[];
}

export type Options =
  | { readonly mode: "render"; readonly from: string; readonly out: string; readonly record: boolean }
  | {
      readonly mode: "local";
      readonly workload: Workload;
      readonly runs: number;
      readonly out: string;
      /** Whether C is measured as well. */
      readonly reference: boolean;
      readonly quick: boolean;
      readonly record: boolean;
    }
  | {
      readonly mode: "deployed";
      readonly workload: Workload;
      readonly runs: number;
      readonly out: string;
      readonly a: DeployedSide;
      readonly b: DeployedSide;
    };

interface NumberOption {
  readonly description: string;
  readonly default: number;
  /** Default with `--quick`. */
  readonly quick?: number;
}

/** Numeric options of a measurement. */
const numbers = {
  runs: { description: "runs of each side", default: 5, quick: 1 },
  seconds: { description: "seconds of open loop per run", default: 20, quick: 3 },
  rate: { description: "messages per second in the open loop", default: 5 },
  reads: { description: "reads per message", default: 2 },
  moderation: { description: "moderations per message", default: 0.1, quick: 0.3 },
  rooms: { description: "rooms", default: 3, quick: 2 },
  people: { description: "moderated people per room", default: 20, quick: 4 },
  senders: { description: "senders", default: 8 },
  readers: { description: "readers", default: 16 },
  "warm-up": { description: "seconds of open loop before, not counted", default: 5, quick: 1 },
  saturation: { description: "seconds of closed loop per run, 0 with --a and --b", default: 10, quick: 2 },
  callers: { description: "callers of the closed loop", default: 16, quick: 4 },
  receivers: {
    description: "apps that wait for messages at most, 0 with --a and --b",
    default: 100,
    quick: 10,
  },
  deliveries: { description: "messages to each number of waiting apps", default: 10, quick: 3 },
  seed: { description: "random seed of the operations", default: 1 },
} as const satisfies Record<string, NumberOption>;
type NumberName = keyof typeof numbers;

const numberOption = (name: NumberName) =>
  new Option(
    `--${name} <number>`,
    `${numbers[name].description} (default: ${numbers[name].default})`,
  ).argParser(parseNumber);

function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It must be a number.");
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The command line of `npm run ab`.
 * @param variables the environment, which holds the tokens
 * @param run does what the options say
 */
export function abCommand(variables: Variables, run: (options: Options) => Promise<void>): Command {
  const command = createCommand(
    "npm run ab --",
    `Runs one workload on both implementations in turn and writes a page that compares them.

Without --a and --b it measures on this machine. docs/ab.md says how long that takes.
With --a and --b it measures two deployed MCP servers; AB_TOKEN_A and AB_TOKEN_B hold their access tokens.
With --from it renders the page again from earlier results.`,
  );
  for (const name of Object.keys(numbers) as NumberName[]) command.addOption(numberOption(name));
  command
    .option("--a <url>", "MCP URL of side A")
    .option("--b <url>", "MCP URL of side B")
    .option("--from <file>", "results.json of an earlier measurement")
    .option("--out <folder>", "folder for results.json and index.html", "build/ab")
    .option("--no-reference", "without C, the tables without GraphQL")
    .option(
      "--record",
      "keep what docs/ab.md and docs/capacity.md quote in docs/ab.json; with --quick only the time it took",
      false,
    )
    .option("--quick", "one short run of each side, to see that everything works", false)
    .action((switches) =>
      run(
        readOptions(
          switches,
          (name) =>
            z
              .number()
              .optional()
              .parse(command.getOptionValue(numberOption(name).attributeName())),
          variables,
        ),
      ),
    );
  return command;
}

interface Switches {
  readonly a?: string;
  readonly b?: string;
  readonly from?: string;
  readonly out: string;
  readonly reference: boolean;
  readonly quick: boolean;
  readonly record: boolean;
}

/** @throws Problem that names the option, its value and the allowed range */
function readOptions(
  { a, b, from, out, reference, quick, record }: Switches,
  optionOf: (name: NumberName) => number | undefined,
  variables: Variables,
): Options {
  if (from !== undefined) return { mode: "render", from, out, record };
  const deployed = a !== undefined || b !== undefined;
  const read = (name: NumberName) => {
    const { default: value, quick: short = value }: NumberOption = numbers[name];
    const localOnly = name === "saturation" || name === "receivers";
    return optionOf(name) ?? (localOnly && deployed ? 0 : quick ? short : value);
  };
  const runs = read("runs");
  if (!Number.isInteger(runs) || runs < 1 || runs > 100)
    throw wrong(`--runs ${runs}: must be a whole number from 1 to 100`);
  const workload = readWorkload(read);
  if (!deployed) return { mode: "local", workload, runs, out, reference, quick, record };
  return {
    mode: "deployed",
    workload,
    runs,
    out,
    a: deployedSide("a", a, variables),
    b: deployedSide("b", b, variables),
  };
}

const wrong = (message: string) => new Problem(message, "", EXIT.usage);

/** Options whose names differ from the workload's fields. */
const optionNames: Readonly<Record<string, NumberName>> = {
  messagesPerSecond: "rate",
  readsPerMessage: "reads",
  moderationShare: "moderation",
  warmUpSeconds: "warm-up",
  "saturation.callers": "callers",
  "saturation.seconds": "saturation",
  "delivery.receivers": "receivers",
  "delivery.messages": "deliveries",
};

function readWorkload(read: (name: NumberName) => number): Workload {
  const values = {
    seed: read("seed"),
    rooms: read("rooms"),
    people: read("people"),
    senders: read("senders"),
    readers: read("readers"),
    messagesPerSecond: read("rate"),
    readsPerMessage: read("reads"),
    moderationShare: read("moderation"),
    warmUpSeconds: read("warm-up"),
    seconds: read("seconds"),
    saturation: { callers: read("callers"), seconds: read("saturation") },
    delivery: { receivers: read("receivers"), messages: read("deliveries") },
  };
  const parsed = workloadSchema.safeParse(values, { reportInput: true });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message, input }) => {
    const field = path.join(".");
    return `--${optionNames[field] ?? field} ${input}: ${message}`;
  });
  throw wrong(problems.join("; "));
}

const loopback = new Set(["127.0.0.1", "[::1]", "localhost"]);

function deployedSide(side: "a" | "b", url: string | undefined, variables: Variables): DeployedSide {
  if (url === undefined)
    throw wrong(`--${side} is not set: set both --a and --b, or neither to measure on this machine`);
  if (!URL.canParse(url)) throw wrong(`--${side} ${JSON.stringify(url)}: must be a URL`);
  const parsed = new URL(url);
  if (parsed.protocol !== "https:" && !(parsed.protocol === "http:" && loopback.has(parsed.hostname)))
    throw wrong(
      `--${side} ${JSON.stringify(url)}: must be an https URL, because access tokens must not be sent unencrypted`,
    );
  const variable = `AB_TOKEN_${side.toUpperCase()}`;
  const tokens = (variables[variable] ?? "").split(/[\s,]+/).filter((token) => token !== "");
  if (tokens.length === 0)
    throw wrong(
      `${variable} is not set: set it to the access token of a user in group admin, or to several separated by spaces`,
    );
  return { url: parsed, tokens };
}
