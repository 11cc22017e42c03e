import { readFile, writeFile } from "node:fs/promises";
import * as z from "zod";
import { Problem } from "../cli/problem.ts";
import { checksOf, costsOf, operationNames, quantities } from "./costs.ts";
import { arrival, audiences, signInTime } from "./delivery.ts";
import { cost, figure, latency, type Measure, resources, throughput } from "./figures.ts";
import type { Results } from "./results.ts";
import { median } from "./statistics.ts";

/** What documents quote of a measurement; `npm run docs` makes docs/capacity.md and a part of docs/ab.md of it. */
const RECORD = "docs/ab.json";

const number = z.number();
const spreadSchema = z.object({ median: number, min: number, max: number, runs: number });
const costsSchema = z.record(z.enum(operationNames), z.record(z.enum(quantities), number));
const recordSchema = z.object({
  date: z.string(),
  release: z.string(),
  runs: z.int(),
  cores: number.nullable(),
  /** Median of the load averages before the runs. */
  load: number,
  /** Of the whole measurement, and of one with --quick. */
  minutes: number,
  quickMinutes: number.nullable(),
  figures: z.array(
    z.object({
      label: z.string(),
      unit: z.enum(["ms", "perSecond", "percent", "count", "kB", "MiB", "usd"]),
      sides: z.partialRecord(z.enum(["A", "B", "C"]), spreadSchema),
      difference: z.object({ estimate: number, low: number, high: number }).optional(),
    }),
  ),
  costs: z.object({ A: costsSchema, B: costsSchema }),
  checks: z.array(
    z.object({
      side: z.enum(["A", "B"]),
      step: z.string(),
      receivers: number,
      messages: number,
      signIns: number,
      seconds: number,
      predictedCpuSeconds: number,
      measuredCpuSeconds: number,
    }),
  ),
});
export type AbRecord = z.infer<typeof recordSchema>;

/** @throws ZodError or SyntaxError if the file is not what `npm run ab -- --record` writes */
export const readRecord = async (): Promise<AbRecord> =>
  recordSchema.parse(JSON.parse(await readFile(RECORD, "utf8")));

/** Replaces all but the time of a quick run. @throws Problem if the results lack what documents quote */
export async function record(results: Results): Promise<void> {
  const before = await readRecord().catch(() => undefined);
  await write({ ...condensed(results), quickMinutes: before?.quickMinutes ?? null });
}

export async function recordQuickTime({ minutes }: Results): Promise<void> {
  const before = await readRecord().catch(() => undefined);
  if (!before) throw new Problem(`${RECORD} can't be read`, "Run without --quick first");
  await write({ ...before, quickMinutes: minutes });
}

function condensed(results: Results): Omit<AbRecord, "quickMinutes"> {
  const { runs, startedAt, release, machine, minutes } = results;
  const [A, B] = [costsOf(runs, "A"), costsOf(runs, "B")];
  if (!A || !B)
    throw new Problem(
      "These results have no costs of waiting apps",
      "Measure on this machine, with --receivers",
    );
  const measures: readonly Measure[] = [
    latency("send", 50),
    latency("send", 95),
    latency("read", 50),
    throughput.closedLoop,
    ...audiences(results).map((receivers) => arrival(receivers, 50)),
    signInTime,
    resources.cpu,
    resources.database,
    resources.logs,
    cost(1e6),
    cost(100e6),
  ];
  return {
    ...{ date: startedAt.slice(0, 10), release, minutes },
    runs: runs.filter(({ side }) => side === "A").length,
    cores: machine?.cores ?? null,
    load: median(runs.map(({ load }) => load)),
    figures: measures.map((measure) => {
      const { label, unit, spread, difference } = figure(results, measure);
      return { label, unit, sides: Object.fromEntries(spread), ...(difference && { difference }) };
    }),
    costs: { A, B },
    checks: [...checksOf(runs, "A"), ...checksOf(runs, "B")],
  };
}

/** Six digits say more than the spread. */
const write = (value: AbRecord) =>
  writeFile(
    RECORD,
    `${JSON.stringify(value, (_, each) => (typeof each === "number" ? Number(each.toPrecision(6)) : each), 2)}\n`,
  );
