import type { Metric } from "./metric-alarm.ts";
import { Series } from "./series.ts";

const NONE = Number.NaN;

/** Minutes. */
export const HOUR = 60;
export const DAY = 24 * HOUR;

/** Changes some metrics for some time. */
export interface Event {
  /** First minute. */
  readonly from: number;
  /** First minute after it. */
  readonly to: number;
  /** New value of a metric that the pattern finds, from the usual one. NaN for no value. */
  readonly changes: readonly Change[];
}

/** @param usual value without the event; NaN for none @param minute since the event began */
export type Change = readonly [metric: RegExp, value: (usual: number, minute: number) => number];

/** A metric in one line, as the patterns of this file and of events find it. */
const described = ({ namespace, name, dimensions }: Metric): string =>
  [namespace, name, ...Object.values(dimensions)].join(" ");

/** Attempts a minute at the busiest hour, and the share of them that fails on an ordinary day. */
interface Kind {
  readonly peak: number;
  readonly failures: number;
}
const kinds = {
  sends: { peak: 20, failures: 0.0001 },
  reads: { peak: 500, failures: 0.0001 },
  signIns: { peak: 0.6, failures: 0.0005 },
  previews: { peak: 1, failures: 0.001 },
  graphql: { peak: 400, failures: 0.0001 },
  triggers: { peak: 2, failures: 0.0002 },
  webhook: { peak: 0.8, failures: 0.001 },
  agents: { peak: 3, failures: 0.0005 },
} as const satisfies Record<string, Kind>;

/** A number from 0 to 1 that depends on the minute and the salt alone. */
function uniform(minute: number, salt: number): number {
  let x = Math.imul(minute ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(salt + 1, 0xc2b2ae35);
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

/** Shares of the busiest hour's traffic by minute of the day: little at four in the night. */
const ofDay = Float64Array.from(
  { length: DAY },
  (_, minute) => 0.03 + 0.97 * (0.5 - 0.5 * Math.cos((2 * Math.PI * (minute - 4 * HOUR)) / DAY)) ** 2,
);
const busy = (minute: number): number =>
  (ofDay[minute % DAY] ?? 0) * (Math.floor(minute / DAY) % 7 > 4 ? 0.7 : 1);

/** A number of events around `mean`, as independent events have it. */
function poisson(mean: number, u: number): number {
  // No event is at least as likely as this.
  if (u < 1 - mean) return 0;
  // A normal distribution is near enough for many, and the logistic one near enough to that.
  if (mean > 50) return Math.max(0, Math.round(mean + (Math.sqrt(mean) * Math.log(u / (1 - u))) / 1.702));
  let count = 0;
  let probability = Math.exp(-mean);
  let sum = probability;
  while (u > sum && count < 200) {
    count++;
    probability *= mean / count;
    sum += probability;
  }
  return count;
}

const salts = Object.fromEntries(Object.keys(kinds).map((kind, index) => [kind, index + 1]));
const attempts = (kind: keyof typeof kinds) => (minute: number) =>
  poisson(kinds[kind].peak * busy(minute), uniform(minute, salts[kind] ?? 0));
const failures = (kind: keyof typeof kinds) => {
  const all = attempts(kind);
  const { failures: share } = kinds[kind];
  return (minute: number) => {
    const number = all(minute);
    return number === 0
      ? 0
      : Math.min(number, poisson(number * share, uniform(minute, 100 + (salts[kind] ?? 0))));
  };
};
const around = (value: number, spread: number, salt: number) => (minute: number) =>
  value + spread * (uniform(minute, salt) - 0.5) + spread * 0.5 * busy(minute);

type Usual = (minute: number) => number;

/** Usual values of a minute by metric; of the first pattern that fits. */
const usual: readonly (readonly [metric: RegExp, value: Usual])[] = [
  [/SynapseSignIns$/, attempts("signIns")],
  [/SynapseFailedSignIns$/, failures("signIns")],
  [/SynapseReads$/, attempts("reads")],
  [/SynapseFailedReads$/, failures("reads")],
  [/SynapsePreviews$/, attempts("previews")],
  [/SynapseFailedPreviews$/, failures("previews")],
  [/SynapseFailedSends$/, failures("sends")],
  [/SynapseSendSeconds$/, around(0.08, 0.05, 30)],
  [/SynapseErrors$/, failures("reads")],
  [/McpErrors$/, failures("agents")],
  [/McpServer Calls/, attempts("agents")],
  [/McpServer Errors/, failures("agents")],
  [/McpServer Latency/, around(25, 20, 41)],
  [/RequestCount .*hasura_target/, attempts("graphql")],
  [/RequestCount .*synapse_homeserver/, attempts("reads")],
  [/RequestCount .*mcp/, attempts("agents")],
  [/HTTPCode_Target_5XX_Count .*hasura_target/, failures("graphql")],
  [/AWS\/Lambda Invocations/, attempts("triggers")],
  [/AWS\/ApiGateway Count/, attempts("webhook")],
  [/AWS\/ApiGateway 5xx/, failures("webhook")],
  [/HealthyHostCount/, () => 1],
  [/Outside Reachable/, () => 1],
  [/Outside \w+Days|DaysToExpiry/, (minute) => (minute % (6 * HOUR) === 0 ? 80 : NONE)],
  [/OutboxDepth/, (minute) => (minute % 15 === 0 ? 1 : NONE)],
  [/OutboxAge/, (minute) => (minute % 15 === 0 ? 20 : NONE)],
  [/TargetResponseTime/, around(0.1, 0.05, 31)],
  // Metrics of one function with every outcome.
  [/^PhenomChat Invocations [\w-]+$/, attempts("triggers")],
  [/^PhenomChat Duration [\w-]+$/, around(150, 200, 39)],
  [/AWS\/ApiGateway Latency/, around(160, 120, 40)],
  [/AWS\/Lambda Duration/, around(150, 200, 32)],
  [/CPUUtilization/, around(30, 25, 33)],
  [/MemoryUtilization|UsagePercentage/, around(45, 6, 34)],
  [/DatabaseConnections/, around(35, 10, 35)],
  [/FreeableMemory/, around(2 * 1024 ** 3, 1024 ** 2, 36)],
  [/FreeStorageSpace/, around(60 * 1024 ** 3, 1024 ** 2, 37)],
  [/PercentIOLimit/, around(4, 4, 38)],
  // At half past five every night.
  [/NumberOfBackupJobsCompleted/, (minute) => (minute % DAY === 5.5 * HOUR ? 1 : NONE)],
];

/** Metrics of an ordinary environment over some time, in which events happen. The same each time. */
export function traffic(minutes: number, events: readonly Event[]): (metric: Metric) => Series {
  const kept = new Map<string, Series>();
  return (metric) => {
    const name = described(metric);
    const known = kept.get(name);
    if (known) return known;
    const series = oneSeries(name, minutes, events);
    kept.set(name, series);
    // The alarms of one service level, which share their metrics, follow each other: a year of everything is too much.
    const [oldest] = kept.keys();
    if (kept.size > 12 && oldest !== undefined) kept.delete(oldest);
    return series;
  };
}

function oneSeries(name: string, minutes: number, events: readonly Event[]): Series {
  const value = usual.find(([pattern]) => pattern.test(name))?.[1];
  const changing = events.flatMap(({ from, to, changes }) =>
    changes.filter(([pattern]) => pattern.test(name)).map(([, changed]) => ({ from, to, changed })),
  );
  if (!value && changing.length === 0) return new Series(undefined);
  const means = new Float64Array(minutes).fill(NONE);
  if (value) for (let minute = 0; minute < minutes; minute++) means[minute] = value(minute);
  for (const { from, to, changed } of changing)
    for (let minute = from; minute < Math.min(to, minutes); minute++)
      means[minute] = changed(means[minute] as number, minute - from);
  if (!/SynapseSendSeconds$/.test(name)) return new Series(means);
  // Sending reports one value for each message.
  const sends = attempts("sends");
  const counts = new Float64Array(minutes);
  for (let minute = 0; minute < minutes; minute++) counts[minute] = sends(minute);
  return new Series(means, counts);
}

const gone = () => NONE;
const zero = () => 0;

/** Synapse's only process is down: its target is unhealthy, and it logs nothing. */
const synapseIsDown: readonly Change[] = [
  [/HealthyHostCount .*synapse_homeserver/, zero],
  [/PhenomChat\/Log\S* Synapse/, gone],
  [/Outside Reachable \w+ a$/, zero],
];

/** The share `share` of the attempts fails. */
const failing = (failed: RegExp, kind: keyof typeof kinds, share: number, from: number): Change => {
  const all = attempts(kind);
  return [failed, (_, minute) => Math.round(all(from + minute) * share)];
};

/** What can happen, from a minute on and for some minutes. */
export const happenings = {
  /** `ops` deploys: it marks the time, Synapse restarts, and some calls fail. */
  deployment: (from: number, { crashesAfter = 12 } = {}): Event[] => [
    { from, to: from + crashesAfter, changes: [[/Deploying/, () => 1]] },
    ...(crashesAfter >= 12
      ? [{ from: from + 12, to: from + 13, changes: [[/Deploying/, zero] as const] }]
      : []),
    { from: from + 4, to: from + 7, changes: synapseIsDown },
    {
      from: from + 5,
      to: from + 7,
      changes: [
        [/HTTPCode_Target_5XX_Count .*mcp/, () => 3],
        [/McpServer Errors/, () => 3],
        [/McpErrors/, () => 3],
        [/HTTPCode_ELB_5XX_Count/, () => 30],
      ],
    },
  ],
  /** AWS replaces the host of Synapse's task. */
  hostReplaced: (from: number): Event[] => [{ from, to: from + 2, changes: synapseIsDown }],
  synapseDown: (from: number, minutes: number): Event[] => [
    { from, to: from + minutes, changes: synapseIsDown },
  ],
  sendsFail: (from: number, minutes: number, share: number): Event[] => [
    { from, to: from + minutes, changes: [failing(/SynapseFailedSends/, "sends", share, from)] },
  ],
  readsFail: (from: number, minutes: number, share: number): Event[] => [
    { from, to: from + minutes, changes: [failing(/SynapseFailedReads/, "reads", share, from)] },
  ],
  graphqlFails: (from: number, minutes: number, share: number): Event[] => [
    {
      from,
      to: from + minutes,
      changes: [failing(/HTTPCode_Target_5XX_Count .*hasura_target/, "graphql", share, from)],
    },
  ],
  triggersFail: (from: number, minutes: number): Event[] => [
    {
      from,
      to: from + minutes,
      changes: [failing(/Lambda Errors .*token_enhancement/, "triggers", 1, from)],
    },
  ],
  agentsFail: (from: number, minutes: number): Event[] => [
    {
      from,
      to: from + minutes,
      changes: [failing(/McpServer Errors/, "agents", 1, from), failing(/McpErrors/, "agents", 1, from)],
    },
  ],
  databaseGone: (from: number, minutes: number): Event[] => [
    {
      from,
      to: from + minutes,
      changes: [[/AWS\/RDS/, gone], failing(/SynapseFailedSends/, "sends", 1, from)],
    },
  ],
  memoryLeak: (from: number, minutes: number): Event[] => [
    {
      from,
      to: from + minutes,
      changes: [[/MemoryUtilization .*mcp/, (_, minute) => Math.min(90, 45 + (50 * minute) / minutes)]],
    },
  ],
  noBackups: (from: number, minutes: number): Event[] => [
    { from, to: from + minutes, changes: [[/NumberOfBackupJobsCompleted/, gone]] },
  ],
  diskFills: (from: number, minutes: number): Event[] => [
    {
      from,
      to: from + minutes,
      changes: [[/FreeStorageSpace/, (usual, minute) => Math.max(1e9, usual * (1 - minute / minutes))]],
    },
  ],
  /** One request fails. */
  oneFailure: (minute: number): Event[] => [
    {
      from: minute,
      to: minute + 1,
      changes: [[/SynapseFailed|McpServer Errors|McpErrors|SynapseErrors|HTTPCode|ApiGateway 5xx/, () => 1]],
    },
  ],
} as const;
