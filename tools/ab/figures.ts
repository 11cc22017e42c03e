import { costPerMillion, type Demand, monthlyCost, total } from "./cost.ts";
import type { Results, Run, Step } from "./results.ts";
import type { Part, SideKey } from "./side.ts";
import { type Interval, pairedDifference, percentile, type Spread, spread } from "./statistics.ts";
import type { Kind } from "./workload.ts";

/** Operations that are shown together: moderation is too rare for percentiles of each kind. */
export const groups: Readonly<Record<string, { label: string; kinds: readonly Kind[] }>> = {
  send: { label: "Sending", kinds: ["send"] },
  read: { label: "Reading a page of 50", kinds: ["read"] },
  search: { label: "Searching", kinds: ["search"] },
  members: { label: "Listing members", kinds: ["members"] },
  moderate: { label: "Moderating", kinds: ["delete", "mute", "ban"] },
};

export type Unit = "ms" | "perSecond" | "percent" | "count" | "kB" | "MiB" | "usd";

/** A quantity with one value per run. */
export interface Measure {
  readonly label: string;
  readonly unit: Unit;
  readonly better: "lower" | "higher";
  /** NaN if the run has no value. */
  of(run: Run): number;
}

/** The values of a measure over the runs of each side. */
export interface Figure extends Measure {
  readonly bySide: ReadonlyMap<SideKey, readonly number[]>;
  readonly spread: ReadonlyMap<SideKey, Spread>;
  /** A minus B; `undefined` with too few runs. */
  readonly difference: Interval | undefined;
  /** The side that is better, or why neither is. */
  readonly verdict: "A" | "B" | "equal" | "unclear" | "too few runs" | "not measured";
}

export function figure({ runs }: Results, measure: Measure): Figure {
  const bySide = new Map<SideKey, number[]>();
  for (const run of runs) {
    const values = bySide.get(run.side) ?? [];
    bySide.set(run.side, [...values, measure.of(run)]);
  }
  const spreads = new Map<SideKey, Spread>();
  for (const [side, values] of bySide) {
    const over = spread(values);
    if (over) spreads.set(side, over);
  }
  const difference = pairedDifference(bySide.get("A") ?? [], bySide.get("B") ?? []);
  const measured = spreads.has("A") && spreads.has("B");
  return {
    ...measure,
    bySide,
    spread: spreads,
    difference,
    verdict: measured ? verdict(difference, measure.better) : "not measured",
  };
}

/** The better side, if the whole interval of the difference lies on one side of zero. */
function verdict(difference: Interval | undefined, better: Measure["better"]): Figure["verdict"] {
  if (!difference) return "too few runs";
  if (difference.low === 0 && difference.high === 0) return "equal";
  if (difference.low <= 0 && difference.high >= 0) return "unclear";
  return difference.estimate < 0 === (better === "lower") ? "A" : "B";
}

export const stepOf = (run: Run, step: Step["step"]): Step | undefined =>
  run.steps.find((each) => each.step === step);

/** Latencies of the operations that succeeded; failures are counted separately. */
export const latencies = (step: Step, kinds: readonly Kind[]): number[] =>
  step.samples
    .filter(([kind, , , error]) => error === null && kinds.includes(kind))
    .map(([, , latency]) => latency);

/** Minimum number of samples for a percentile: at least one lies beyond it. */
export const minSamples = (percent: number): number => Math.ceil(100 / (100 - percent));

export function latency(group: string, percent: number): Measure {
  const { label, kinds } = groups[group] ?? { label: group, kinds: [] };
  return {
    label: `${label}, ${percent === 50 ? "median" : `${percent}th percentile`}`,
    unit: "ms",
    better: "lower",
    of: (run) => {
      const step = stepOf(run, "steady");
      const values = step ? latencies(step, kinds) : [];
      return values.length < minSamples(percent) ? Number.NaN : percentile(values, percent);
    },
  };
}

const succeeded = (step: Step, kind?: Kind) =>
  step.samples.filter(([each, , , error]) => error === null && (kind === undefined || each === kind)).length;
const failed = (step: Step) => step.samples.length - succeeded(step);

const ofStep = (name: Step["step"], value: (step: Step) => number) => (run: Run) => {
  const step = stepOf(run, name);
  return step ? value(step) : Number.NaN;
};

export const throughput = {
  openLoop: {
    label: "Operations per second, open loop",
    unit: "perSecond",
    better: "higher",
    of: ofStep("steady", (step) => succeeded(step) / (step.took / 1000)),
  },
  closedLoop: {
    label: "Operations per second, closed loop",
    unit: "perSecond",
    better: "higher",
    of: ofStep("saturation", (step) => succeeded(step) / (step.took / 1000)),
  },
  closedLoopMessages: {
    label: "of which messages",
    unit: "perSecond",
    better: "higher",
    of: ofStep("saturation", (step) => succeeded(step, "send") / (step.took / 1000)),
  },
} satisfies Record<string, Measure>;

export const errors = {
  openLoop: {
    label: "Failed operations, open loop",
    unit: "percent",
    better: "lower",
    of: ofStep("steady", (step) => (100 * failed(step)) / step.samples.length),
  },
  closedLoop: {
    label: "Failed operations, closed loop",
    unit: "percent",
    better: "lower",
    of: ofStep("saturation", (step) => (100 * failed(step)) / step.samples.length),
  },
  missing: {
    label: "Acknowledged messages missing from the rooms",
    unit: "count",
    better: "lower",
    of: (run) => run.missing,
  },
} satisfies Record<string, Measure>;

/** Resources per message in the open loop; `undefined` if nothing was observed or sent. */
export function demandOf(run: Run): Demand | undefined {
  const step = stepOf(run, "steady");
  const messages = step ? succeeded(step, "send") : 0;
  if (!step?.used || messages === 0) return undefined;
  const per = (value: number) => value / messages;
  const cpu = step.used.parts.map(({ part, cpuSeconds }) => [part, per(cpuSeconds)] as const);
  return {
    cpuSeconds: Object.fromEntries(cpu),
    databaseBytes: databaseBytesPerMessage(run),
    logBytes: per(step.used.parts.reduce((sum, { logBytes }) => sum + logBytes, 0)),
    sentBytes: per(step.sentBytes),
    receivedBytes: per(step.receivedBytes),
  };
}

/** Over all steps: the more messages, the less other writes weigh. */
function databaseBytesPerMessage({ steps }: Run): number {
  const bytes = steps.reduce((sum, { used }) => sum + (used?.databaseBytes ?? 0), 0);
  return Math.max(0, bytes) / steps.reduce((sum, step) => sum + succeeded(step, "send"), 0);
}

const ofDemand = (value: (demand: Demand) => number | undefined) => (run: Run) => {
  const demand = demandOf(run);
  return (demand && value(demand)) ?? Number.NaN;
};

const partNames: Readonly<Record<Part, string>> = {
  mcp: "MCP server",
  synapse: "Synapse",
  graphql: "GraphQL (stand-in)",
  postgres: "PostgreSQL",
};

const cpuOf = (part: Part): Measure => ({
  label: `of which ${partNames[part]}`,
  unit: "ms",
  better: "lower",
  of: ofDemand(({ cpuSeconds }) => {
    const seconds = cpuSeconds[part];
    return seconds === undefined ? undefined : seconds * 1000;
  }),
});

const cpuSum = ({ cpuSeconds }: Demand) =>
  Object.values(cpuSeconds).reduce((sum, seconds) => sum + seconds, 0);

export const resources = {
  cpu: {
    label: "CPU time per message, with its reads and moderation",
    unit: "ms",
    better: "lower",
    of: ofDemand((demand) => cpuSum(demand) * 1000),
  },
  mcp: cpuOf("mcp"),
  synapse: cpuOf("synapse"),
  graphql: cpuOf("graphql"),
  postgres: cpuOf("postgres"),
  memory: {
    label: "Memory of all processes at the end",
    unit: "MiB",
    better: "lower",
    of: (run) =>
      run.steps.at(-1)?.used?.parts.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0) ?? Number.NaN,
  },
  database: {
    label: "Database storage per message",
    unit: "kB",
    better: "lower",
    of: ofDemand(({ databaseBytes }) => databaseBytes / 1000),
  },
  logs: {
    label: "Log per message",
    unit: "kB",
    better: "lower",
    of: ofDemand(({ logBytes }) => logBytes / 1000),
  },
  traffic: {
    label: "Responses to callers per message",
    unit: "kB",
    better: "lower",
    of: ofDemand(({ receivedBytes }) => receivedBytes / 1000),
  },
} satisfies Record<string, Measure>;

/** Messages per month for which costs are shown. */
export const volumes = [100_000, 1_000_000, 10_000_000, 100_000_000] as const;

export const millions = (messages: number): string => `${messages / 1e6} million`;

export const cost = (messages: number): Measure => ({
  label: `A million messages, at ${millions(messages)} per month`,
  unit: "usd",
  better: "lower",
  of: ofDemand((demand) => costPerMillion(demand, messages)),
});

/** Cost of a month without messages. */
export const idleCost: Measure = {
  label: "A month without messages",
  unit: "usd",
  better: "lower",
  of: ofDemand((demand) => total(monthlyCost(demand, 0))),
};
