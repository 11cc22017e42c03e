import type { Workload } from "./workload.ts";

/** A and B are what is to be decided between; C is there for reference. */
export type SideKey = "A" | "B" | "C";

/** Processes whose use of the machine is told apart. */
export const parts = ["mcp", "synapse", "graphql", "postgres"] as const;
export type Part = (typeof parts)[number];

export interface PartUsage {
  readonly part: Part;
  readonly cpuSeconds: number;
  readonly memoryMiB: number;
  /** Bytes of log so far; of PostgreSQL and the stand-in for Hasura none are counted. */
  readonly logBytes: number;
}

/** What the parts have used since they started. */
export interface Observation {
  readonly parts: readonly PartUsage[];
  /** All processes of the machine together. */
  readonly machineCpuSeconds: number;
  /** Rows and index entries. */
  readonly databaseBytes: number;
}

/** A running implementation. */
export interface Target {
  readonly mcp: URL;
  readonly tokens: readonly string[];
  /** Undefined where the processes run elsewhere. */
  readonly observe?: () => Promise<Observation>;
  stop(): Promise<void>;
}

/** One of the implementations that are compared. */
export interface Side {
  readonly key: SideKey;
  readonly name: string;
  /** What ran, in a sentence for the page. */
  readonly ran: string;
  /** What stood in for what, and what was set otherwise than it is deployed: a sentence each. */
  readonly standIns: readonly string[];
  start(workload: Workload): Promise<Target>;
}
