import { readFile } from "node:fs/promises";
import * as z from "zod";
import { EXIT, Problem } from "../cli/problem.ts";
import { parts } from "./side.ts";
import { kinds, workloadSchema } from "./workload.ts";

const number = z.number();
const key = z.enum(["A", "B", "C"]);

/** Kind, milliseconds from the start, latency in milliseconds, and error code or null. */
const sample = z.tuple([z.enum(kinds), number, number, z.string().nullable()]);

const stepSchema = z.object({
  step: z.enum(["steady", "saturation"]),
  /** Milliseconds from the start until the last response. */
  took: number,
  samples: z.array(sample),
  /** 99th percentile of the driver's own delay, in milliseconds; null in a closed loop. */
  lateness: number.nullable(),
  /** Bytes of HTTP bodies, sent and received by the callers. */
  sentBytes: number,
  receivedBytes: number,
  driverCpuSeconds: number,
  /** Null if the processes run elsewhere. */
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
  /** Load average of the minute before. */
  load: number,
  steps: z.array(stepSchema).min(1),
  /** Acknowledged messages, and how many of them the rooms did not show afterwards. */
  acknowledged: number,
  missing: number,
});

/** Everything that was measured; the page is rendered from it alone. */
export const resultsSchema = z.object({
  format: z.literal(1),
  startedAt: z.iso.datetime(),
  release: z.string(),
  /** Null if the processes run elsewhere. */
  machine: z.object({ cpu: z.string(), cores: number, memoryGiB: number, kernel: z.string() }).nullable(),
  node: z.string(),
  workload: workloadSchema,
  sides: z.array(z.object({ key, name: z.string(), ran: z.string(), standIns: z.array(z.string()) })).min(2),
  runs: z.array(runSchema).min(1),
});

const jsonSchema = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      context.addIssue("is not JSON");
      return z.NEVER;
    }
  })
  .pipe(resultsSchema);

export type Results = z.infer<typeof resultsSchema>;
export type Run = z.infer<typeof runSchema>;
export type Step = z.infer<typeof stepSchema>;

/** @throws Problem that names the file and the problem */
export async function readResults(file: string): Promise<Results> {
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    throw new Problem(
      `--from ${file} can't be read: ${error instanceof Error ? error.message : error}`,
      "",
      EXIT.usage,
    );
  });
  const parsed = jsonSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new Problem(
    `--from ${file} must be a results.json of npm run ab: ${z.prettifyError(parsed.error)}`,
    "",
    EXIT.usage,
  );
}
