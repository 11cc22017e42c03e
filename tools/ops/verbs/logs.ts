import { type FilteredLogEvent, paginateFilterLogEvents } from "@aws-sdk/client-cloudwatch-logs";
import { EXIT, Problem } from "../../cli/problem.ts";
import type { Context } from "../context.ts";
import type { Outputs } from "../outputs.ts";
import type { Verb } from "../verb.ts";

/** CloudWatch accepts a line some seconds after it was written: each request starts this much before the newest line. */
const OVERLAP_MS = 10_000;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const logs: Verb = ({ verb, run }) =>
  verb("logs", "show the logs of services, one-shot tasks and functions")
    .argument("[parts...]", "names of services, tasks or functions (default: every service)")
    .option("--follow", "show new lines as they come, until Ctrl-C")
    .option("--since <time>", "how far back: 30s, 15m, 2h, 3d, or a time such as 2026-01-31T12:00:00Z", "15m")
    .option("--filter <pattern>", "CloudWatch filter pattern, such as ERROR or '{ $.level = \"error\" }'")
    .action((environment, words, { follow, since, filter, ...options }) =>
      run(environment, options, async (context) => {
        const { clock, report, settings } = context;
        const start = startTime(since, clock.now());
        const sources = sourcesNamed(await context.outputs(), words);
        const reader = new LogReader(context, sources, start, filter);
        let count = 0;
        const show = async () => {
          for (const { part, timestamp, message } of await reader.next()) {
            const time = new Date(timestamp).toISOString();
            report.record({ time, part, message }, `${time} ${part} ${message}`);
            count++;
          }
        };
        await show();
        if (count === 0) {
          const parts = sources.map(({ part }) => part).join(", ");
          report.progress(`no lines since ${new Date(start).toISOString()} in ${parts}`);
          report.result({ lines: [] });
        }
        if (!follow) return EXIT.ok;
        for (;;) {
          await clock.sleep(settings.polling.pollSeconds * 1000);
          await show();
        }
      }),
    );

interface Source {
  readonly part: string;
  readonly group: string;
}

/** Log groups of the parts that are named. @default - every service. @throws Problem that lists the parts */
function sourcesNamed({ services, one_shot_tasks, functions }: Outputs, words: readonly string[]): Source[] {
  const all = Object.entries({ ...services, ...one_shot_tasks, ...functions }).map(
    ([part, { log_group }]) => ({ part, group: log_group }),
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

/** Reads several log groups in the order of time, each line once. */
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
    const pages = paginateFilterLogEvents(
      { client: this.#context.aws.logs },
      {
        logGroupName: source.group,
        startTime: this.#start,
        ...(this.#filter && { filterPattern: this.#filter }),
      },
    );
    const lines: Line[] = [];
    try {
      for await (const { events = [] } of pages) lines.push(...this.#unseen(source, events));
    } catch (error) {
      throw this.#explained(error, source.group);
    }
    return lines;
  }

  #unseen(source: Source, events: readonly FilteredLogEvent[]): Line[] {
    return events.flatMap(({ eventId, timestamp = 0, message = "" }) => {
      const id = `${source.group} ${eventId}`;
      if (this.#seen.has(id)) return [];
      this.#seen.set(id, timestamp);
      return [{ ...source, timestamp, message: message.trimEnd() }];
    });
  }

  #explained(error: unknown, group: string): unknown {
    if (!(error instanceof Error)) return error;
    if (error.name === "InvalidParameterException")
      return new Problem(
        `CloudWatch can't read --filter ${this.#filter}: ${error.message}`,
        "Words: ERROR timeout; quoted: '\"room not found\"'; JSON: '{ $.level = \"error\" }'",
        EXIT.usage,
      );
    if (error.name === "ResourceNotFoundException")
      return new Problem(`there is no log group ${group}`, "Apply creates it", EXIT.notDeployed);
    return error;
  }
}

/** Milliseconds since the epoch of a time, or of a span before `now`. */
function startTime(text: string, now: number): number {
  const [, amount, unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const span = UNIT_MS[unit];
  if (span) return now - Number(amount) * span;
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw new Problem(
    `--since ${text} is neither a span nor a time`,
    "Give a span such as 30s, 15m, 2h or 3d, or a time such as 2026-01-31T12:00:00Z",
    EXIT.usage,
  );
}
