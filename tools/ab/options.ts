import { parseArgs } from "node:util";
import * as z from "zod";
import { type Workload, workloadSchema } from "./workload.ts";

/** What cannot be done as it was asked, in words for whoever asked. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

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
      /** Whether C is measured too. */
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
  readonly means: string;
  readonly value: string;
  /** In `--quick`: enough to see that everything works, and nothing to decide on. */
  readonly quick?: string;
}

/** Numbers that a measurement takes, with what they are if nobody says otherwise. */
const numbers = {
  runs: { means: "runs of each implementation", value: "5", quick: "1" },
  seconds: { means: "length of a run at the set rate", value: "20", quick: "3" },
  rate: { means: "messages a second", value: "5" },
  reads: { means: "reads for one message", value: "2" },
  moderation: { means: "moderations for one message", value: "0.1", quick: "0.3" },
  rooms: { means: "rooms", value: "3", quick: "2" },
  people: { means: "people in each room whom moderation is about", value: "20", quick: "4" },
  senders: { means: "senders", value: "8" },
  readers: { means: "readers", value: "16" },
  "warm-up": { means: "seconds at the set rate that are not counted", value: "5", quick: "1" },
  saturation: {
    means: "seconds of asking without a pause; 0 on a deployed environment unless it is said",
    value: "10",
    quick: "2",
  },
  callers: { means: "callers who ask without a pause", value: "16", quick: "4" },
  seed: { means: "what the operations are drawn from", value: "1" },
} as const satisfies Record<string, Flag>;
type NumberName = keyof typeof numbers;

export const usage = `npm run ab -- [options]                                   both implementations on this machine
npm run ab -- --a <MCP URL> --b <MCP URL> [options]       two deployed MCP servers; AB_TOKEN_A, AB_TOKEN_B
npm run ab -- --from <results.json>                       the page again, from what was measured

${Object.entries(numbers)
  .map(([name, { means, value }]) => `  --${name.padEnd(12)} ${means} (${value})`)
  .join("\n")}
  --out          folder for results.json and index.html (build/ab)
  --no-reference leaves out C, the tables without GraphQL
  --quick        some seconds, one run: to see that it works`;

const text = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;
const switches = { quick: flag, "no-reference": flag, help: flag };
const numberFlags = Object.fromEntries(Object.keys(numbers).map((name) => [name, text]));

/** @throws UsageError that names the option, its value and what it takes */
export function readOptions(
  args: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): Options {
  const { values } = parse(args);
  const all: Readonly<Record<string, unknown>> = values;
  const given = (name: string) => z.string().optional().parse(all[name]);
  if (values["help"] === true) return { mode: "help" };
  const out = given("out") ?? "build/ab";
  const [from, a, b] = [given("from"), given("a"), given("b")];
  if (from !== undefined) return { mode: "render", from, out };
  const quick = values["quick"] === true;
  const deployed = a !== undefined || b !== undefined;
  const read = (name: NumberName) => {
    const { value, ...rest }: Flag = numbers[name];
    const otherwise = name === "saturation" && deployed ? "0" : (quick && rest.quick) || value;
    return number(name, given(name) ?? otherwise);
  };
  const runs = read("runs");
  if (!Number.isInteger(runs) || runs < 1 || runs > 100)
    throw new UsageError(`--runs ${runs}: must be a whole number from 1 to 100.`);
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

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { ...numberFlags, a: text, b: text, from: text, out: text, ...switches },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
}

function number(name: string, value: string): number {
  const parsed = Number(value);
  if (value.trim() === "" || !Number.isFinite(parsed))
    throw new UsageError(`--${name} ${JSON.stringify(value)}: must be a number.`);
  return parsed;
}

function readWorkload(read: (name: NumberName) => number): Workload {
  const parsed = workloadSchema.safeParse({
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
  });
  if (parsed.success) return parsed.data;
  throw new UsageError(`The workload cannot be run: ${z.prettifyError(parsed.error)}\n\n${usage}`);
}

const loopback = new Set(["127.0.0.1", "[::1]", "localhost"]);

function deployedSide(
  side: "a" | "b",
  url: string | undefined,
  variables: Readonly<Record<string, string | undefined>>,
): DeployedSide {
  if (url === undefined)
    throw new UsageError(`--${side} is not set: name both MCP servers, or none to measure on this machine.`);
  if (!URL.canParse(url)) throw new UsageError(`--${side} ${JSON.stringify(url)}: must be a URL.`);
  const parsed = new URL(url);
  if (parsed.protocol !== "https:" && !(parsed.protocol === "http:" && loopback.has(parsed.hostname)))
    throw new UsageError(
      `--${side} ${JSON.stringify(url)}: must be https, because access tokens must not travel in the clear.`,
    );
  const variable = `AB_TOKEN_${side.toUpperCase()}`;
  const tokens = (variables[variable] ?? "").split(/[\s,]+/).filter((token) => token !== "");
  if (tokens.length === 0)
    throw new UsageError(
      `${variable} is not set: put the access token of a user in group admin there, or several with spaces between.`,
    );
  return { url: parsed, tokens };
}
