import * as z from "zod";
import { parseOptions, UsageError } from "../usage.ts";
import { type Workload, workloadSchema } from "./workload.ts";

export interface DeployedSide {
  readonly url: URL;
  /** Access tokens; callers share them in turn. */
  readonly tokens: readonly string[];
}

export type Options =
  | { readonly mode: "help" }
  | { readonly mode: "render"; readonly from: string; readonly out: string }
  | {
      readonly mode: "local";
      readonly workload: Workload;
      readonly runs: number;
      readonly out: string;
      /** Whether C is measured as well. */
      readonly reference: boolean;
    }
  | {
      readonly mode: "deployed";
      readonly workload: Workload;
      readonly runs: number;
      readonly out: string;
      readonly a: DeployedSide;
      readonly b: DeployedSide;
    };

interface Flag {
  readonly description: string;
  readonly default: string;
  /** Default with `--quick`. */
  readonly quick?: string;
}

/** Numeric options of a measurement. */
const numbers = {
  runs: { description: "runs of each side", default: "5", quick: "1" },
  seconds: { description: "seconds of open loop per run", default: "20", quick: "3" },
  rate: { description: "messages per second in the open loop", default: "5" },
  reads: { description: "reads per message", default: "2" },
  moderation: { description: "moderations per message", default: "0.1", quick: "0.3" },
  rooms: { description: "rooms", default: "3", quick: "2" },
  people: { description: "moderated people per room", default: "20", quick: "4" },
  senders: { description: "senders", default: "8" },
  readers: { description: "readers", default: "16" },
  "warm-up": { description: "seconds of open loop before, not counted", default: "5", quick: "1" },
  saturation: {
    description: "seconds of closed loop per run; with --a and --b 0",
    default: "10",
    quick: "2",
  },
  callers: { description: "callers of the closed loop", default: "16", quick: "4" },
  seed: { description: "random seed of the operations", default: "1" },
} as const satisfies Record<string, Flag>;
type NumberName = keyof typeof numbers;

export const usage = `npm run ab -- [options]                               measures both implementations on this machine: about 20 minutes
npm run ab -- --a <MCP URL> --b <MCP URL> [options]   measures two deployed MCP servers; tokens in AB_TOKEN_A, AB_TOKEN_B
npm run ab -- --from <results.json> [--out <folder>]  renders the page again from the results

Options (default)
${Object.entries<Flag>(numbers)
  .map(([name, { description, default: value }]) => `  --${name.padEnd(12)} ${description} (${value})`)
  .join("\n")}
  --out          folder for results.json and index.html (build/ab)
  --no-reference without C, the tables without GraphQL
  --quick        one short run of each side, to see that everything works: 2 to 5 minutes
  --help         this text

Exit codes: 0 done; 1 failed; 2 wrong usage or a missing tool.`;

const text = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;
const switches = { quick: flag, "no-reference": flag, help: flag };
const numberFlags = Object.fromEntries(Object.keys(numbers).map((name) => [name, text]));

/** @throws UsageError that names the option, its value and the allowed range */
export function readOptions(
  args: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): Options {
  const { values } = parseOptions("npm run ab", {
    args: [...args],
    options: { ...numberFlags, a: text, b: text, from: text, out: text, ...switches },
  });
  const all: Readonly<Record<string, unknown>> = values;
  const option = (name: string) => z.string().optional().parse(all[name]);
  if (values["help"] === true) return { mode: "help" };
  const out = option("out") ?? "build/ab";
  const [from, a, b] = [option("from"), option("a"), option("b")];
  if (from !== undefined) return { mode: "render", from, out };
  const quick = values["quick"] === true;
  const deployed = a !== undefined || b !== undefined;
  const read = (name: NumberName) => {
    const flag: Flag = numbers[name];
    const fallback = name === "saturation" && deployed ? "0" : (quick && flag.quick) || flag.default;
    return number(name, option(name) ?? fallback);
  };
  const runs = read("runs");
  if (!Number.isInteger(runs) || runs < 1 || runs > 100)
    throw new UsageError(`--runs ${runs}: must be an integer from 1 to 100.`);
  const workload = readWorkload(read);
  if (!deployed) return { mode: "local", workload, runs, out, reference: values["no-reference"] !== true };
  return {
    mode: "deployed",
    workload,
    runs,
    out,
    a: deployedSide("a", a, variables),
    b: deployedSide("b", b, variables),
  };
}

function number(name: string, value: string): number {
  const parsed = Number(value);
  if (value.trim() === "" || !Number.isFinite(parsed))
    throw new UsageError(`--${name} ${JSON.stringify(value)}: must be a number.`);
  return parsed;
}

/** Options whose names differ from the workload's fields. */
const optionOf: Readonly<Record<string, NumberName>> = {
  messagesPerSecond: "rate",
  readsPerMessage: "reads",
  moderationShare: "moderation",
  warmUpSeconds: "warm-up",
  "saturation.callers": "callers",
  "saturation.seconds": "saturation",
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
  };
  const parsed = workloadSchema.safeParse(values, { reportInput: true });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message, input }) => {
    const field = path.join(".");
    return `--${optionOf[field] ?? field} ${input}: ${message}`;
  });
  throw new UsageError(problems.join("; "));
}

const loopback = new Set(["127.0.0.1", "[::1]", "localhost"]);

function deployedSide(
  side: "a" | "b",
  url: string | undefined,
  variables: Readonly<Record<string, string | undefined>>,
): DeployedSide {
  if (url === undefined)
    throw new UsageError(
      `--${side} is not set: set both --a and --b, or neither to measure on this machine.`,
    );
  if (!URL.canParse(url)) throw new UsageError(`--${side} ${JSON.stringify(url)}: must be a URL.`);
  const parsed = new URL(url);
  if (parsed.protocol !== "https:" && !(parsed.protocol === "http:" && loopback.has(parsed.hostname)))
    throw new UsageError(
      `--${side} ${JSON.stringify(url)}: must be an https URL, because access tokens must not be sent unencrypted.`,
    );
  const variable = `AB_TOKEN_${side.toUpperCase()}`;
  const tokens = (variables[variable] ?? "").split(/[\s,]+/).filter((token) => token !== "");
  if (tokens.length === 0)
    throw new UsageError(
      `${variable} is not set: set it to the access token of a user in group admin, or to several separated by spaces.`,
    );
  return { url: parsed, tokens };
}
