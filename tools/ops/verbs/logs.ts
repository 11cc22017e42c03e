import { type FilteredLogEvent, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../context.ts";
import type { Outputs } from "../outputs.ts";
import { EXIT, Problem } from "../problem.ts";
import { usage, type Verb } from "../verb.ts";

/** CloudWatch takes a line some seconds after it was written: each look begins this much before the newest line. */
const OVERLAP_MS = 10_000;
const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export const logs: Verb = {
  name: "logs",
  summary: "show the logs of services, one-shot tasks and functions",
  usage: "[part]…",
  options: {
    follow: { type: "boolean", help: "go on as new lines come, until Ctrl-C" },
    since: {
      type: "string",
      help: "how far back: 30s, 15m, 2h, 3d, or a time such as 2026-01-31T12:00:00Z (default 15m)",
    },
    filter: { type: "string", help: "CloudWatch filter pattern, such as ERROR or '{ $.level = \"error\" }'" },
  },
  async run(context, invocation) {
    const start = since(invocation.text("since") ?? "15m", context.clock.now());
    const sources = sourcesNamed(await context.outputs(), invocation.words);
    const reader = new LogReader(context, sources, start, invocation.text("filter"));
    let count = 0;
    const show = async () => {
      for (const { part, timestamp, message } of await reader.next()) {
        const time = new Date(timestamp).toISOString();
        context.report.record({ time, part, message }, `${time} ${part} ${message}`);
        count++;
      }
    };
    await show();
    if (count === 0) {
      context.report.progress(
        `no lines since ${new Date(start).toISOString()} in ${sources.map(({ part }) => part).join(", ")}`,
      );
      context.report.result({ lines: [] });
    }
    if (!invocation.flag("follow")) return EXIT.ok;
    for (;;) {
      await context.clock.sleep(context.settings.patience.pollSeconds * 1000);
      await show();
    }
  },
};

interface Source {
  readonly part: string;
  readonly group: string;
}

/** Log groups of parts, or of every service where none is named. @throws Problem that lists the parts */
function sourcesNamed({ services, one_shot_tasks, functions }: Outputs, words: readonly string[]): Source[] {
  const all = Object.entries({ ...services, ...one_shot_tasks, ...functions }).map(
    ([part, { log_group }]) => ({
      part,
      group: log_group,
    }),
  );
  return (words.length ? words : Object.keys(services)).map((word) => {
    const found = all.find(({ part }) => part === word);
    if (found) return found;
    throw new Problem(
      `there is no part ${word}`,
      `Parts: ${all.map(({ part }) => part).join(", ")}`,
      EXIT.usage,
    );
  });
}

interface Line extends Source {
  readonly timestamp: number;
  readonly message: string;
}

/** Lines of several log groups in the order of their time, each once. */
class LogReader {
  readonly #context: Context;
  readonly #sources: readonly Source[];
  readonly #filter: string | undefined;
  readonly #seen = new Map<string, number>();
  #start: number;

  constructor(context: Context, sources: readonly Source[], start: number, filter: string | undefined) {
    this.#context = context;
    this.#sources = sources;
    this.#start = start;
    this.#filter = filter;
  }

  async next(): Promise<Line[]> {
    const lines = (await Promise.all(this.#sources.map((source) => this.#read(source)))).flat();
    lines.sort((a, b) => a.timestamp - b.timestamp);
    const newest = lines.at(-1)?.timestamp;
    if (newest !== undefined) this.#start = Math.max(this.#start, newest - OVERLAP_MS);
    for (const [id, timestamp] of this.#seen) if (timestamp < this.#start) this.#seen.delete(id);
    return lines;
  }

  async #read(source: Source): Promise<Line[]> {
    const lines: Line[] = [];
    let nextToken: string | undefined;
    do {
      const page = await this.#page(source.group, nextToken);
      for (const event of page.events ?? []) {
        const line = this.#fresh(source, event);
        if (line) lines.push(line);
      }
      nextToken = page.nextToken;
    } while (nextToken);
    return lines;
  }

  #fresh(source: Source, { eventId, timestamp = 0, message = "" }: FilteredLogEvent): Line | undefined {
    const id = `${source.group} ${eventId}`;
    if (this.#seen.has(id)) return undefined;
    this.#seen.set(id, timestamp);
    return { ...source, timestamp, message: message.trimEnd() };
  }

  async #page(logGroupName: string, nextToken: string | undefined) {
    try {
      return await this.#context.aws.logs.send(
        new FilterLogEventsCommand({
          logGroupName,
          startTime: this.#start,
          ...(this.#filter && { filterPattern: this.#filter }),
          ...(nextToken && { nextToken }),
        }),
      );
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (error.name === "InvalidParameterException")
        throw new Problem(
          `CloudWatch can't read --filter ${this.#filter}: ${error.message}`,
          "Words: ERROR timeout; quoted: '\"room not found\"'; JSON: '{ $.level = \"error\" }'",
          EXIT.usage,
        );
      if (error.name === "ResourceNotFoundException")
        throw new Problem(`there is no log group ${logGroupName}`, "Apply makes it", EXIT.notDeployed);
      throw error;
    }
  }
}

/** Milliseconds since the epoch of a time or of a span before `now`. */
function since(text: string, now: number): number {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (amount && unit) return now - Number(amount) * UNITS[unit as keyof typeof UNITS];
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time))
    throw usage(
      logs,
      `--since ${text}: give a span such as 15m, 2h, 3d, or a time such as 2026-01-31T12:00:00Z`,
    );
  return time;
}
