import { production } from "../../environments/production.ts";
import { prices } from "./prices.ts";
import type { Part } from "./side.ts";

/** Resources that one message used, with its reads and moderation. */
export interface Demand {
  /** By part of the side. */
  readonly cpuSeconds: Readonly<Partial<Record<Part, number>>>;
  readonly databaseBytes: number;
  readonly logBytes: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** Assumptions of the costs besides prices and measurements. */
export const assumptions = {
  /** CPU utilisation of a task and of the database: the target of the MCP server's scaling policy. */
  utilisation: 0.6,
  /** Virtual CPUs of the database's instance. */
  rdsVcpus: 2,
  /** Share of the database pages that rows and index entries fill. */
  pageFill: 0.75,
  /** Months for which messages are kept. */
  retentionMonths: 12,
  /** Hours in a month, as AWS counts them. */
  hoursInMonth: 730,
  /** Media that users store, in GB: only Matrix stores any. */
  mediaGb: 10,
  /** Duration of the link preview function, in seconds. */
  previewSeconds: 0.5,
} as const;

/** A Fargate task: virtual CPUs, GB of memory and minimum count. */
interface Task {
  readonly label: string;
  readonly part: Part | undefined;
  readonly vcpus: number;
  readonly gb: number;
  readonly minCount: number;
}

const { synapse, synapseAdmin, mcp } = production.services;
const sized = (
  label: string,
  part: Part | undefined,
  size: { cpu: number; memory: number },
  minCount = 1,
) => ({
  ...{ label, part, minCount },
  vcpus: size.cpu / 1024,
  gb: size.memory / 1024,
});
const mcpTask: Task = sized("MCP server task", "mcp", mcp, mcp.minCount);
const synapseTasks: readonly Task[] = [
  sized("Synapse task", "synapse", synapse),
  sized("Synapse admin UI task", undefined, synapseAdmin),
];
/**
 * The GraphQL engine, at the size of Synapse's task. The platform needs it anyway, but B needs it as A needs Synapse, so it
 * counts whole.
 */
const engineTask: Task = sized("GraphQL engine task", "graphql", synapse);

const tasksOf = ({ cpuSeconds }: Demand): readonly Task[] => [
  mcpTask,
  ...(cpuSeconds.synapse === undefined ? [] : synapseTasks),
  ...(cpuSeconds.graphql === undefined ? [] : [engineTask]),
];

const hourly = ({ vcpus, gb }: Task) => vcpus * prices.fargateVcpuHour.usd + gb * prices.fargateGbHour.usd;

export interface CostItem {
  readonly label: string;
  /** US dollars in a month. */
  readonly usd: number;
}

const GB = 1e9;

/**
 * Cost of a month with that many messages, spread evenly. A task costs its size even when idle, and a multiple of it
 * under more load. RDS and load balancer run for both sides, so only the share that the load uses counts.
 */
export function monthlyCost(demand: Demand, messages: number): CostItem[] {
  const { utilisation, hoursInMonth, rdsVcpus, pageFill, retentionMonths, mediaGb } = assumptions;
  const taskItems = tasksOf(demand).map((task) => {
    const seconds = (task.part && demand.cpuSeconds[task.part]) ?? 0;
    const needed = (messages * seconds) / (hoursInMonth * 3600 * task.vcpus * utilisation);
    return { label: task.label, usd: Math.max(task.minCount, needed) * hourly(task) * hoursInMonth };
  });
  const databaseHours = (messages * (demand.cpuSeconds.postgres ?? 0)) / 3600 / utilisation;
  const traffic = demand.sentBytes + demand.receivedBytes;
  const media = demand.cpuSeconds.synapse !== undefined;
  return [
    ...taskItems,
    { label: "RDS, by CPU", usd: (databaseHours / rdsVcpus) * prices.rdsInstanceHour.usd },
    {
      label: `RDS storage, ${retentionMonths} months of messages`,
      usd:
        ((messages * demand.databaseBytes) / pageFill / GB) * prices.rdsStorageGbMonth.usd * retentionMonths,
    },
    ...(media ? [{ label: `Media on EFS, ${mediaGb} GB`, usd: mediaGb * prices.efsGbMonth.usd }] : []),
    { label: "CloudWatch Logs", usd: ((messages * demand.logBytes) / GB) * prices.logsGb.usd },
    { label: "Load balancer, by bytes", usd: ((messages * traffic) / GB) * prices.albLcuHour.usd },
    {
      label: "Transfer to the internet",
      usd: ((messages * demand.receivedBytes) / GB) * prices.transferOutGb.usd,
    },
  ];
}

export const total = (items: readonly CostItem[]): number => items.reduce((sum, { usd }) => sum + usd, 0);

/** US dollars per million messages at that many messages in a month. */
export const costPerMillion = (demand: Demand, messagesInMonth: number): number =>
  total(monthlyCost(demand, messagesInMonth)) / (messagesInMonth / 1e6);

const LEAST_VOLUME = 1000;
const MOST_VOLUME = 1e9;

/**
 * The side that costs less with few messages, and the messages in a month from which the other does; undefined if it never
 * does, or if a side was not measured. Costs are medians over the runs of a side.
 */
export function costTurn(
  a: readonly Demand[],
  b: readonly Demand[],
): { readonly cheaper: "A" | "B"; readonly volume: number | undefined } | undefined {
  if (!a.length || !b.length) return undefined;
  const median = (demands: readonly Demand[], messages: number) => {
    const sorted = demands.map((demand) => total(monthlyCost(demand, messages))).sort((x, y) => x - y);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  };
  const aCheaper = (messages: number) => median(a, messages) < median(b, messages);
  const first = aCheaper(LEAST_VOLUME);
  const cheaper = first ? "A" : "B";
  if (aCheaper(MOST_VOLUME) === first) return { cheaper, volume: undefined };
  let [low, high] = [LEAST_VOLUME, MOST_VOLUME];
  while (high / low > 1.01) {
    const middle = Math.sqrt(low * high);
    if (aCheaper(middle) === first) low = middle;
    else high = middle;
  }
  return { cheaper, volume: low };
}

/** US dollars per million link previews on B, the only part that is billed per request. */
export function linkPreviewsPerMillion(memoryMiB = 256): number {
  const { httpApiMillion, lambdaMillion, lambdaGbSecond } = prices;
  const duration = 1e6 * assumptions.previewSeconds * (memoryMiB / 1024) * lambdaGbSecond.usd;
  return httpApiMillion.usd + lambdaMillion.usd + duration;
}

/** Messages per second that bring a task of the production size to the assumed utilisation. */
export const messagesPerSecondOf = (part: "synapse" | "mcp", cpuSecondsPerMessage: number): number =>
  ((part === "synapse" ? synapse.cpu : mcp.cpu) / 1024) * (assumptions.utilisation / cpuSecondsPerMessage);
