import { production } from "../../environments/production.ts";
import { prices } from "./prices.ts";
import type { Part } from "./side.ts";

/** What one message, with the reads and moderation that came with it, used. */
export interface Demand {
  /** Of the parts that took part. */
  readonly cpuSeconds: Readonly<Partial<Record<Part, number>>>;
  readonly databaseBytes: number;
  readonly logBytes: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** What the costs rest on besides prices and measurements. */
export const assumptions = {
  /** Share of its CPU that a task or the database is loaded to: what scaling holds the MCP server at. */
  utilisation: 0.6,
  /** Virtual CPUs of the database's instance. */
  rdsVcpus: 2,
  /** Share of the database's pages that rows and index entries fill. */
  pageFill: 0.75,
  /** Months for which messages are kept. */
  keptMonths: 12,
  /** Hours of a month, as AWS counts them. */
  hoursInMonth: 730,
  /** Files that users keep, in GB: Matrix alone stores any. */
  mediaGb: 10,
  /** Seconds that a preview of a link takes its function. */
  previewSeconds: 0.5,
} as const;

/** A task: virtual CPUs, GB, and how many run at least. */
interface Task {
  readonly label: string;
  readonly part: Part | undefined;
  readonly vcpus: number;
  readonly gb: number;
  readonly atLeast: number;
}

const { synapse, synapseAdmin, mcp } = production.services;
const sized = (
  label: string,
  part: Part | undefined,
  size: { cpu: number; memory: number },
  atLeast = 1,
) => ({
  ...{ label, part, atLeast },
  vcpus: size.cpu / 1024,
  gb: size.memory / 1024,
});
const mcpTask: Task = sized("MCP server task", "mcp", mcp, mcp.minCount);
const synapseTasks: readonly Task[] = [
  sized("Synapse task", "synapse", synapse),
  sized("Synapse admin UI task", undefined, synapseAdmin),
];
/** The engine is others' and runs for the platform anyway: what the chat adds is priced by its CPU, as if it were Synapse's size. */
const engineTask: Task = sized("GraphQL engine, by its CPU", "graphql", synapse, 0);

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
 * What a month costs at a number of messages, spread evenly over it. A task costs as sized even when idle, and as many
 * times that as the load needs; RDS, load balancer and GraphQL engine run anyway, so only the load's share counts.
 */
export function monthlyCost(demand: Demand, messages: number): CostItem[] {
  const { utilisation, hoursInMonth, rdsVcpus, pageFill, keptMonths, mediaGb } = assumptions;
  const taskItems = tasksOf(demand).map((task) => {
    const seconds = (task.part && demand.cpuSeconds[task.part]) ?? 0;
    const needed = (messages * seconds) / (hoursInMonth * 3600 * task.vcpus * utilisation);
    return { label: task.label, usd: Math.max(task.atLeast, needed) * hourly(task) * hoursInMonth };
  });
  const databaseHours = (messages * (demand.cpuSeconds.postgres ?? 0)) / 3600 / utilisation;
  const traffic = demand.sentBytes + demand.receivedBytes;
  const media = demand.cpuSeconds.synapse !== undefined;
  return [
    ...taskItems,
    { label: "RDS, by its CPU", usd: (databaseHours / rdsVcpus) * prices.rdsInstanceHour.usd },
    {
      label: `RDS storage, kept ${keptMonths} months`,
      usd: ((messages * demand.databaseBytes) / pageFill / GB) * prices.rdsStorageGbMonth.usd * keptMonths,
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

/** US dollars for a million messages where a month has so many. */
export const costPerMillion = (demand: Demand, messagesInMonth: number): number =>
  total(monthlyCost(demand, messagesInMonth)) / (messagesInMonth / 1e6);

/** US dollars for a million previews of links on B, where they are the only part that is paid by the request. */
export function linkPreviewsPerMillion(memoryMiB = 256): number {
  const { httpApiMillion, lambdaMillion, lambdaGbSecond } = prices;
  const duration = 1e6 * assumptions.previewSeconds * (memoryMiB / 1024) * lambdaGbSecond.usd;
  return httpApiMillion.usd + lambdaMillion.usd + duration;
}

/** Messages a second at which a task of the production size is at the assumed share of its CPU. */
export const messagesPerSecondOf = (part: "synapse" | "mcp", cpuSecondsPerMessage: number): number =>
  ((part === "synapse" ? synapse.cpu : mcp.cpu) / 1024) * (assumptions.utilisation / cpuSecondsPerMessage);
