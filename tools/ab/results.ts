import { readFile } from "node:fs/promises";
import * as z from "zod";
import { EXIT, Problem } from "../cli/problem.ts";
import { parts } from "./side.ts";
import { kinds, workloadSchema } from "./workload.ts";

const number = z.number();
const key = z.enum(["A", "B", "C"]);

/** Kind, milliseconds from the start, latency in milliseconds, and error code or null. */
const sample = z.tuple([z.enum(kinds), number, number, z.string().nullable()]);

/** What the processes used in the step; null if they run elsewhere. */
const usedSchema = z
  .object({
    parts: z.array(
      z.object({ part: z.enum(parts), cpuSeconds: number, memoryMiB: number, logBytes: number }),
    ),
    machineCpuSeconds: number,
    databaseBytes: number,
    databaseRows: number,
    connections: number,
  })
  .nullable();

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
  used: usedSchema,
});

/** Apps wait in one room while others send to it or sign in. */
const liveStepSchema = z.object({
  step: z.string(),
  /** Members of the room, whether they wait or not. */
  members: z.int(),
  receivers: z.int(),
  sends: z.int(),
  signIns: z.int(),
  took: number,
  /** Milliseconds from a send to its arrival at an app: one for each app and message. */
  arrivals: z.array(number),
  /** Milliseconds of each sign-in. */
  signInTimes: z.array(number),
  /** Messages that an app did not get. */
  missing: z.int(),
  receivedBytes: number,
  used: usedSchema,
});

const runSchema = z.object({
  side: key,
  /** From 1, among the runs of its side. */
  run: z.int(),
  startedAt: z.iso.datetime(),
  /** Load average of the minute before. */
  load: number,
  steps: z.array(stepSchema).min(1),
  /** Null where no apps were measured. */
  live: z.array(liveStepSchema).nullable(),
  /** Acknowledged messages, and how many of them the rooms did not show afterwards. */
  acknowledged: number,
  missing: number,
});

/** Everything that was measured; the page is rendered from it alone. */
const resultsSchema = z.object({
  format: z.literal(2),
  startedAt: z.iso.datetime(),
  /** Minutes that the measurement took so far. */
  minutes: number,
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
export type LiveStep = z.infer<typeof liveStepSchema>;
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
  const [issue] = parsed.error.issues;
  throw new Problem(
    `--from ${file} must be a results.json of npm run ab: ${[...(issue?.path ?? []), issue?.message].join(" ")}`,
    "",
    EXIT.usage,
  );
}
