import type * as z from "zod";
import { type measurementsSchema, readMeasurements } from "../bench/measurements.ts";
import { rows } from "../bench/results.ts";
import { format, table } from "./markdown.ts";

/** The page of the recorded measurements, as Markdown. */
export const measurementsPage = async (): Promise<string> => measurements(await readMeasurements());

type Recorded = z.infer<typeof measurementsSchema>;

/** When a benchmark was recorded, and its table. */
export function measured(name: string, { date, node, cores, figures }: Recorded[string]): string {
  const [head = [], ...body] = rows([
    { name, figures: figures as Parameters<typeof rows>[0][number]["figures"] },
  ]);
  return [
    `${date}, Node.js ${node.slice(1)}, ${cores} cores.`,
    table(
      head.slice(1),
      body.map((row) => row.slice(1)),
    ),
  ].join("\n\n");
}

export function measurements(recorded: Recorded): string {
  const parts = Object.entries(recorded).map(([name, one]) => `## ${name}\n\n${measured(name, one)}`);
  return format(
    "docs/measurements.md",
    [
      "<!-- Written from docs/measurements.json by `npm run docs`; do not edit. -->",
      "# Measurements",
      "What `npm run bench -- --record <benchmark>` measured last. Servers, database and load share one machine: trust the ratios to what was measured beside it rather than the times. `npm run bench -- --list` tells what each benchmark does.",
      ...parts,
      "",
    ].join("\n\n"),
  );
}
