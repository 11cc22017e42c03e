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
  /** CPU time of all processes on the machine. */
  readonly machineCpuSeconds: number;
  /** Rows and index entries. */
  readonly databaseBytes: number;
  readonly databaseRows: number;
  /** Connections of clients to the database. */
  readonly connections: number;
}

/** The app of a person who is signed in, in its own protocol: Matrix or GraphQL. */
export interface App {
  /** Resolves when the message is acknowledged. */
  send(content: string): Promise<void>;
  /**
   * Waits for messages until `signal` aborts. Resolves as soon as it waits.
   * @param arrived receives the text of each message when it arrives
   */
  follow(arrived: (content: string) => void, signal: AbortSignal): Promise<void>;
}

/** People in one room of an implementation. */
export interface Live {
  readonly apps: readonly App[];
  /** Lets all of them into the room; before, only the first is in it. @returns the room's members */
  admit(): Promise<number>;
  /** The room's members so far. */
  readonly members: number;
  /** A person signs in again and reads what the app shows first. */
  signIn(person: number): Promise<void>;
  /** Total bytes of the bodies that the apps received. */
  receivedBytes(): number;
}

/** A running implementation. */
export interface Target {
  readonly mcp: URL;
  readonly tokens: readonly string[];
  /**
   * `undefined` if the processes run elsewhere.
   * @param step whether a step begins or ended: looking into the database is work, too, and stays outside of it
   */
  readonly observe?: (step: "begins" | "ended") => Promise<Observation>;
  /** Makes people and signs them in. `undefined` where only the MCP server is measured. */
  readonly live?: (people: number) => Promise<Live>;
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
