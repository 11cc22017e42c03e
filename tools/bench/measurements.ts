import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import * as z from "zod";
import { EXIT, Problem } from "../cli/problem.ts";
import { units } from "./benchmark.ts";
import type { Result } from "./results.ts";

/** What `npm run bench -- --record` keeps, by benchmark; `npm run docs` makes docs/measurements.md of it. */
const MEASUREMENTS = "docs/measurements.json";

const quantity = z.object({ label: z.string(), measured: z.number() });
export const measurementsSchema = z.record(
  z.string(),
  z.object({
    date: z.string(),
    node: z.string(),
    cores: z.number(),
    figures: z.array(
      quantity.extend({
        unit: z.enum(units),
        baseline: quantity.optional(),
        target: z.union([z.object({ atMost: z.number() }), z.object({ atLeast: z.number() })]).optional(),
      }),
    ),
  }),
);

export async function readMeasurements(): Promise<z.infer<typeof measurementsSchema>> {
  return measurementsSchema.parse(JSON.parse(await readFile(MEASUREMENTS, "utf8")));
}

/**
 * @param busy cores that are in use now
 * @throws Problem where figures would be distorted: in a quick run, or on a machine that does something else
 */
export function assertTrustworthy(quick: boolean, busy: number, cores = availableParallelism()): void {
  if (quick) throw new Problem("--record needs figures to be trusted.", "Leave --quick out.", EXIT.usage);
  if (busy > cores / 4)
    throw new Problem(
      `The machine is busy: ${busy.toFixed(1)} of ${cores} cores in use would distort what is recorded.`,
      "Try again when it is idle, or measure without --record.",
    );
}

/** Cores in use in the next two seconds. */
export async function busyCores(): Promise<number> {
  const before = times();
  await wait(2000);
  const after = times();
  return ((after.used - before.used) / (after.all - before.all)) * cpus().length;
}

function times() {
  const all = cpus().map(({ times: { user, nice, sys, irq, idle } }) => ({
    used: user + nice + sys + irq,
    idle,
  }));
  const used = all.reduce((sum, each) => sum + each.used, 0);
  return { used, all: used + all.reduce((sum, { idle }) => sum + idle, 0) };
}

/** Replaces the figures of the benchmarks that could be measured, and leaves the others. */
export async function remember(results: readonly Result[]): Promise<void> {
  const known = await readMeasurements().catch(() => ({}));
  const measured = results
    .filter(({ error }) => error === undefined)
    .map(({ name, figures }) => [
      name,
      {
        date: new Date().toISOString().slice(0, 10),
        node: process.version,
        cores: availableParallelism(),
        figures,
      },
    ]);
  const all = measurementsSchema.parse({ ...known, ...Object.fromEntries(measured) });
  await writeFile(MEASUREMENTS, `${JSON.stringify(all, null, 2)}\n`);
}
