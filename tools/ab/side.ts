import type { Workload } from "./workload.ts";

/** A and B are the candidates; C is the reference. */
export type SideKey = "A" | "B" | "C";

/** Processes whose resources are measured separately. */
export const parts = ["mcp", "synapse", "graphql", "postgres"] as const;
export type Part = (typeof parts)[number];

export interface PartUsage {
  readonly part: Part;
  readonly cpuSeconds: number;
  readonly memoryMiB: number;
  /** Total bytes of log; 0 for PostgreSQL and for the stand-in of Hasura's engine, which are not counted. */
  readonly logBytes: number;
}

/** Resources that the parts have used since their start. */
export interface Observation {
  readonly parts: readonly PartUsage[];
  /** Of all processes of the machine. */
  readonly machineCpuSeconds: number;
  /** Of rows and index entries. */
  readonly databaseBytes: number;
}

/** A running implementation. */
export interface Target {
  readonly mcp: URL;
  readonly tokens: readonly string[];
  /** `undefined` if the processes run elsewhere. */
  readonly observe?: () => Promise<Observation>;
  stop(): Promise<void>;
}

/** An implementation under comparison. */
export interface Side {
  readonly key: SideKey;
  readonly name: string;
  /** What ran, in one sentence for the page. */
  readonly ran: string;
  /** Stand-ins and settings that differ from the deployment: one sentence each. */
  readonly standIns: readonly string[];
  start(workload: Workload): Promise<Target>;
}
