import { readFile } from "node:fs/promises";
import * as z from "zod";
import { parts } from "./side.ts";
import { kinds, workloadSchema } from "./workload.ts";

const number = z.number();
const key = z.enum(["A", "B", "C"]);

/** kind, milliseconds from the beginning, latency in milliseconds, and what went wrong, if anything did. */
const sample = z.tuple([z.enum(kinds), number, number, z.string().nullable()]);

const stepSchema = z.object({
  step: z.enum(["steady", "saturation"]),
  /** Milliseconds from the beginning to the last answer. */
  took: number,
  samples: z.array(sample),
  /** 99th percentile of how late the driver was itself, in milliseconds; null without a set rate. */
  lateness: number.nullable(),
  /** HTTP bodies, as the callers see them. */
  sentBytes: number,
  receivedBytes: number,
  driverCpuSeconds: number,
  /** Null where the processes run elsewhere. */
  used: z
    .object({
      parts: z.array(
        z.object({ part: z.enum(parts), cpuSeconds: number, memoryMiB: number, logBytes: number }),
      ),
      machineCpuSeconds: number,
      databaseBytes: number,
    })
    .nullable(),
});

const runSchema = z.object({
  side: key,
  /** From 1, among the runs of its side. */
  run: z.int(),
  startedAt: z.iso.datetime(),
  /** Processes that wanted the machine's cores in the minute before. */
  load: number,
  steps: z.array(stepSchema).min(1),
  /** Messages that were acknowledged, and how many of them the rooms did not show afterwards. */
  acknowledged: number,
  missing: number,
});

/** Everything that was measured: the page is made from it alone. */
export const resultsSchema = z.object({
  format: z.literal(1),
  startedAt: z.iso.datetime(),
  release: z.string(),
  /** Null where the processes run elsewhere. */
  machine: z.object({ cpu: z.string(), cores: number, memoryGiB: number, kernel: z.string() }).nullable(),
  node: z.string(),
  workload: workloadSchema,
  sides: z.array(z.object({ key, name: z.string(), ran: z.string(), standIns: z.array(z.string()) })).min(2),
  runs: z.array(runSchema).min(1),
});

export type Results = z.infer<typeof resultsSchema>;
export type Run = z.infer<typeof runSchema>;
export type Step = z.infer<typeof stepSchema>;

/** @throws Error that names the file and what is wrong with it */
export async function readResults(file: string): Promise<Results> {
  const parsed = resultsSchema.safeParse(JSON.parse(await readFile(file, "utf8")));
  if (parsed.success) return parsed.data;
  throw new Error(`${file} holds no results of npm run ab: ${z.prettifyError(parsed.error)}`);
}
