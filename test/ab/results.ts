import { seeded } from "../../tools/ab/random.ts";
import type { Results, Run, Step } from "../../tools/ab/results.ts";
import type { Part, SideKey } from "../../tools/ab/side.ts";
import { dueWithin, operations, type Workload } from "../../tools/ab/workload.ts";
import { knownCosts, liveSteps } from "./live.ts";

export const workload: Workload = {
  seed: 1,
  rooms: 3,
  people: 4,
  senders: 4,
  readers: 8,
  messagesPerSecond: 10,
  readsPerMessage: 2,
  moderationShare: 0.1,
  warmUpSeconds: 1,
  seconds: 20,
  saturation: { callers: 4, seconds: 5 },
  delivery: { receivers: 100, messages: 20 },
};

interface Profile {
  /** Minimum latency of an operation in milliseconds. */
  readonly latency: number;
  /** CPU seconds of the step by part. */
  readonly cpu: Readonly<Partial<Record<Part, number>>>;
}
const profiles: Readonly<Record<SideKey, Profile>> = {
  A: { latency: 30, cpu: { mcp: 2, synapse: 9, postgres: 4 } },
  B: { latency: 8, cpu: { mcp: 2, graphql: 5, postgres: 2 } },
  C: { latency: 3, cpu: { mcp: 2, postgres: 1.5 } },
};

/** Invented results: A takes several times as long as B. */
export function exampleResults(runs = 5, changes: Partial<Results> = {}): Results {
  const sides = (["A", "B", "C"] as const).map((key) => ({
    key,
    name: { A: "Matrix (Synapse)", B: "Hasura Lite", C: "PostgreSQL alone" }[key],
    ran: `what ran as ${key}`,
    standIns: [`what stood in on ${key}`],
  }));
  return {
    format: 2,
    startedAt: "2026-11-21T09:00:00.000Z",
    minutes: 21.4,
    release: "0.1.0",
    machine: { cpu: "Example CPU", cores: 2, memoryGiB: 16, kernel: "6.1.0" },
    node: "v20.20.0",
    workload,
    sides,
    runs: Array.from({ length: runs }, (_, index) =>
      sides.map(({ key }) => exampleRun(key, index + 1)),
    ).flat(),
    ...changes,
  };
}

function exampleRun(side: SideKey, run: number): Run {
  return {
    side,
    run,
    startedAt: `2026-11-21T09:${String(run).padStart(2, "0")}:00.000Z`,
    load: 0.5,
    steps: [exampleStep(side, run, "steady", 20_050), exampleStep(side, run, "saturation", 5_020)],
    live: side === "C" ? null : liveSteps(knownCosts, side === "A" ? 30 + run : 500 + run),
    acknowledged: 300,
    missing: 0,
  };
}

function exampleStep(side: SideKey, run: number, step: Step["step"], took: number): Step {
  const { latency, cpu } = profiles[side];
  const random = seeded(run * 10 + (step === "steady" ? 1 : 2));
  const due = dueWithin(operations(workload), took / 1000);
  return {
    step,
    took,
    samples: due.map(({ kind, at }) => [kind, at, latency * (1 + run / 20) + random.gap(1 / latency), null]),
    lateness: step === "steady" ? 1.5 : null,
    sentBytes: 100_000,
    receivedBytes: 4_000_000,
    driverCpuSeconds: 1,
    used: {
      parts: Object.entries(cpu).map(([part, cpuSeconds]) => ({
        part: part as Part,
        cpuSeconds: cpuSeconds * (1 + run / 50),
        memoryMiB: 100,
        logBytes: 200_000,
      })),
      machineCpuSeconds: 20,
      databaseBytes: latency * 20_000,
      databaseRows: 400,
      connections: 10,
    },
  };
}
