/** When an alarm goes off: `value` crossed in each of `periods` periods in a row. */
export interface Threshold {
  readonly crossed: "above" | "at or above" | "below";
  readonly value: number;
  /** Seconds that one value sums up. */
  readonly period: number;
  readonly periods: number;
}

const MINUTE = 60;
const FIVE_MINUTES = 300;
const HOUR = 3600;

/** Every limit of the alarms, in one place, each with where it comes from. */
export const thresholds = {
  /**
   * Per cent of the reserved CPU. Practice of the neighbouring systems. The MCP server adds tasks from 60 on, so there
   * it means that the most tasks are not enough.
   */
  cpu: { crossed: "above", value: 80, period: FIVE_MINUTES, periods: 2 },
  /** Per cent of the reserved memory. Practice of the neighbouring systems. */
  memory: { crossed: "above", value: 70, period: FIVE_MINUTES, periods: 2 },
  /** Targets. Practice of the neighbouring systems. */
  healthyHosts: { crossed: "below", value: 1, period: MINUTE, periods: 2 },
  /** Answers. One or two are a task that ends during a deployment; five in five minutes are not. */
  targetErrors: { crossed: "at or above", value: 5, period: FIVE_MINUTES, periods: 1 },
  /** Seconds, 95th percentile. A tool call takes some ten milliseconds and its database calls; agents wait 30 s. */
  latency: { crossed: "above", value: 2, period: FIVE_MINUTES, periods: 2 },
  /** Seconds, 95th percentile of sending a message through Synapse: from one second on people send twice. */
  sendLatency: { crossed: "above", value: 1, period: FIVE_MINUTES, periods: 2 },
  /** Log lines. Synapse and the MCP server log an error for each request that failed through their own fault. */
  logErrors: { crossed: "at or above", value: 5, period: FIVE_MINUTES, periods: 1 },
  /** Invocations. The handlers catch everything, so that one is a crash or a timeout. */
  functionErrors: { crossed: "at or above", value: 1, period: FIVE_MINUTES, periods: 1 },
  /** Invocations. One that is turned away is a sign-in or a link preview that fails. */
  throttles: { crossed: "at or above", value: 1, period: FIVE_MINUTES, periods: 1 },
  /** Share of the timeout that the slowest invocation takes; what is left is the time to act. */
  durationShare: { crossed: "above", value: 0.8, period: FIVE_MINUTES, periods: 1 },
  /** Answers. Hasura tries an event again, so single ones heal by themselves. */
  httpApiErrors: { crossed: "at or above", value: 5, period: FIVE_MINUTES, periods: 1 },
  /** Invocations that ended so: what the next attempt makes up for. */
  passingFailures: { crossed: "at or above", value: 5, period: FIVE_MINUTES, periods: 1 },
  /** Invocations that ended so: what does not go away until somebody changes something. */
  lastingFailures: { crossed: "at or above", value: 1, period: FIVE_MINUTES, periods: 1 },
  /**
   * Connections. PostgreSQL on RDS takes LEAST(memory in bytes / 9531392, 5000): 112 on the smallest instance with
   * 1 GiB, less what the instance itself needs. Raise it together with the instance class.
   */
  databaseConnections: { crossed: "above", value: 80, period: FIVE_MINUTES, periods: 2 },
  /** Share of the allocated storage. RDS's own storage autoscaling acts at 10 %, so this is before it, or without it. */
  freeStorageShare: { crossed: "below", value: 0.15, period: FIVE_MINUTES, periods: 1 },
  /** Backups. One is made in a night, so that one is all of it. */
  failedBackups: { crossed: "at or above", value: 1, period: HOUR, periods: 1 },
  /**
   * Backups. One begins every 24 hours, within one hour, and is given up after eight: 33 hours may lie between two, and
   * three more are for the report and CloudWatch's look, which is hourly for so long a time.
   */
  missingBackups: { crossed: "below", value: 1, period: HOUR, periods: 36 },
  /** Per cent of the one CPU that Redis' commands run on. CloudWatch's recommended alarms for ElastiCache say so. */
  cacheEngineCpu: { crossed: "above", value: 90, period: MINUTE, periods: 5 },
  /**
   * Per cent of the node's CPUs. As above; AWS wants this watched too where there are two or less, as in the smallest
   * nodes, since what AWS itself runs there takes a good part of them.
   */
  cacheNodeCpu: { crossed: "above", value: 90, period: MINUTE, periods: 5 },
  /**
   * Per cent of what Redis may use. At 100 it drops what would expire anyway, and then refuses to be written; AWS leaves
   * the figure open. Synapse keeps little there, so 80 is the processes' queues growing, with time left to look.
   */
  cacheMemory: { crossed: "above", value: 80, period: MINUTE, periods: 5 },
} as const satisfies Record<string, Threshold>;

/** Days that RDS must keep its automatic backups, so that a mistake found after a long weekend can be undone. */
export const databaseBackupDays = { production: 7, otherwise: 1 };
