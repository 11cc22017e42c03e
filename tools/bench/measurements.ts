import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import * as z from "zod";
import { EXIT, Problem } from "../cli/problem.ts";
import type { Result } from "./results.ts";

/** What `npm run bench -- --record` keeps, by benchmark; `npm run docs` makes docs/measurements.md of it. */
export const MEASUREMENTS = "docs/measurements.json";

const quantity = z.object({ label: z.string(), measured: z.number() });
export const measurementsSchema = z.record(
  z.string(),
  z.object({
    date: z.string(),
    node: z.string(),
    cores: z.number(),
    figures: z.array(
      quantity.extend({
        unit: z.enum(["s", "ms", "µs", "kB", "MiB", "requests/s", "tokens"]),
        baseline: quantity.optional(),
        target: z.union([z.object({ atMost: z.number() }), z.object({ atLeast: z.number() })]).optional(),
      }),
    ),
  }),
);

export async function readMeasurements(): Promise<z.infer<typeof measurementsSchema>> {
  return measurementsSchema.parse(JSON.parse(await readFile(MEASUREMENTS, "utf8")));
}

/** @throws Problem where figures would be distorted: in a quick run, or on a machine that does something else */
export function assertTrustworthy(
  quick: boolean,
  [load = 0] = loadavg(),
  cores = availableParallelism(),
): void {
  if (quick) throw new Problem("--record needs figures to be trusted.", "Leave --quick out.", EXIT.usage);
  if (load > cores / 2)
    throw new Problem(
      `The machine is busy: a load of ${load.toFixed(1)} on ${cores} cores would distort what is recorded.`,
      "Try again when it is idle, or measure without --record.",
    );
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
