/** An alarm starts when `value` is crossed in each of `periods` periods in a row. */
export interface Threshold {
  readonly crossed: "above" | "at or above" | "below";
  readonly value: number;
  /** Seconds of one period. */
  readonly period: number;
  readonly periods: number;
}

const MINUTE = 60;
const FIVE_MINUTES = 300;
const HOUR = 3600;

/** Thresholds of all alarms, each with its source. */
export const thresholds = {
  /**
   * Per cent of the reserved CPU, as in the neighbouring systems. The MCP server adds tasks from 60 on, so for it the
   * alarm means that its maximum number of tasks is not enough.
   */
  cpu: { crossed: "above", value: 80, period: FIVE_MINUTES, periods: 2 },
  /** Per cent of the reserved memory, as in the neighbouring systems. */
  memory: { crossed: "above", value: 70, period: FIVE_MINUTES, periods: 2 },
  /** Targets, as in the neighbouring systems. */
  healthyHosts: { crossed: "below", value: 1, period: MINUTE, periods: 2 },
  /**
   * Targets of a service that stops its task before it starts the next. When AWS replaces the task's host, that leaves it
   * without a healthy task for two or three minutes. Our deployments keep the alarm quiet, so it need not wait for them.
   */
  healthyHostsWithGap: { crossed: "below", value: 1, period: MINUTE, periods: 3 },
  /** Checks by AWS of a machine and its system, which fail at once or not at all. */
  statusCheck: { crossed: "at or above", value: 1, period: MINUTE, periods: 2 },
  /** Responses. One or two come from a task that stops during a deployment; five in five minutes do not. */
  targetErrors: { crossed: "at or above", value: 5, period: FIVE_MINUTES, periods: 1 },
  /** Seconds, 95th percentile. A tool call takes about ten milliseconds plus its database calls; agents wait 30 s. */
  latency: { crossed: "above", value: 2, period: FIVE_MINUTES, periods: 2 },
  /** Seconds, 95th percentile of sending a message through Synapse: above one second people send twice. */
  sendLatency: { crossed: "above", value: 1, period: FIVE_MINUTES, periods: 2 },
  /** Log lines. Synapse and the MCP server log an error for each request that failed by their own fault. */
  logErrors: { crossed: "at or above", value: 5, period: FIVE_MINUTES, periods: 1 },
  /** Invocations. The handlers catch every error, so a single one is a crash or a timeout. */
  functionErrors: { crossed: "at or above", value: 1, period: FIVE_MINUTES, periods: 1 },
  /** Invocations. A deployment of what the function calls may fail one or two runs; the next one makes up for them. */
  repeatedErrors: { crossed: "at or above", value: 1, period: FIVE_MINUTES, periods: 3 },
  /** Invocations. Each throttled one is a failed sign-in or link preview. */
  throttles: { crossed: "at or above", value: 1, period: FIVE_MINUTES, periods: 1 },
  /** Share of the timeout that the slowest invocation takes. */
  durationShare: { crossed: "above", value: 0.8, period: FIVE_MINUTES, periods: 1 },
  /** Responses. Hasura retries events, so single failures recover by themselves. */
  httpApiErrors: { crossed: "at or above", value: 5, period: FIVE_MINUTES, periods: 1 },
  /** Invocations with an outcome from which the next attempt recovers. */
  passingFailures: { crossed: "at or above", value: 5, period: FIVE_MINUTES, periods: 1 },
  /** Invocations with an outcome that lasts until somebody changes something. */
  lastingFailures: { crossed: "at or above", value: 1, period: FIVE_MINUTES, periods: 1 },
  /**
   * Share of the connections that PostgreSQL on RDS takes by default: LEAST(memory in bytes / 9531392, 5000), which is 112
   * with 1 GiB. The memory in that formula is a little less than the instance class has, hence 70 per cent and not 80.
   */
  databaseConnectionShare: { crossed: "above", value: 0.7, period: FIVE_MINUTES, periods: 2 },
  /** Connections, of which there are never less than none: only missing data counts, for as long as a failover takes. */
  databaseGone: { crossed: "below", value: 0, period: MINUTE, periods: 2 },
  /** Per cent of the instance's CPU, by CloudWatch's recommended alarms for RDS; a nightly dump takes 15 minutes. */
  databaseCpu: { crossed: "above", value: 90, period: FIVE_MINUTES, periods: 4 },
  /** Share of the class' memory. PostgreSQL on RDS takes a quarter for itself and gives the rest to the page cache. */
  freeMemoryShare: { crossed: "below", value: 0.05, period: FIVE_MINUTES, periods: 3 },
  /** Share of the allocated storage. RDS's storage autoscaling acts at 10 %, so this alarm comes before it. */
  freeStorageShare: { crossed: "below", value: 0.15, period: FIVE_MINUTES, periods: 1 },
  /** Per cent of the operations that a file system in general purpose mode takes, by CloudWatch's recommended alarms. */
  fileSystemOperations: { crossed: "at or above", value: 90, period: FIVE_MINUTES, periods: 3 },
  /** Responses that the load balancer gives itself, because no target did: 502, 503, 504. */
  loadBalancerErrors: { crossed: "at or above", value: 20, period: FIVE_MINUTES, periods: 2 },
  /** Requests of our clients that Cognito refused because there were too many; each is a failed sign-in. */
  cognitoThrottles: { crossed: "at or above", value: 5, period: FIVE_MINUTES, periods: 1 },
  /** Connections that a NAT gateway could not open, because all ports to that address are in use. */
  natPorts: { crossed: "at or above", value: 1, period: FIVE_MINUTES, periods: 1 },
  /** Seconds by which a read replica is behind; people then miss what they have just sent. */
  replicaLag: { crossed: "above", value: 30, period: MINUTE, periods: 5 },
  /** Seconds. Hasura gives an event up after five tries within minutes, so nothing repairs what waits for an hour. */
  outboxAge: { crossed: "above", value: HOUR, period: 15 * MINUTE, periods: 2 },
  /** Requests. More than this at once is a flood, or previews no longer work. */
  outboxDepth: { crossed: "at or above", value: 500, period: 15 * MINUTE, periods: 2 },
  /** Share of the answers from outside, of which there is one a minute: two missing ones in a row are no accident. */
  reachable: { crossed: "below", value: 1, period: MINUTE, periods: 3 },
  /** Days. ACM and Cloudflare renew from 60 and 30 days before the end on, so something hinders them. */
  certificateDays: { crossed: "below", value: 14, period: 6 * HOUR, periods: 2 },
  /** Days. A registrar that can't renew needs weeks of letters. */
  domainDays: { crossed: "below", value: 30, period: 6 * HOUR, periods: 2 },
  /** A value of 1 each half minute says that we deploy; a 0 says that we are done. */
  deploying: { crossed: "at or above", value: 1, period: MINUTE, periods: 1 },
  /** Backups. There is one a night, so a single failure counts. */
  failedBackups: { crossed: "at or above", value: 1, period: HOUR, periods: 1 },
  /**
   * Backups. One starts every 24 hours, within one hour, and is stopped after eight: up to 33 hours lie between two.
   * Three more are for the report and for CloudWatch, which evaluates such long spans hourly.
   */
  missingBackups: { crossed: "below", value: 1, period: HOUR, periods: 36 },
  /** Per cent of the one CPU that runs Redis' commands, by CloudWatch's recommended alarms for ElastiCache. */
  cacheEngineCpu: { crossed: "above", value: 90, period: MINUTE, periods: 5 },
  /**
   * Per cent of the node's CPUs, from the same source. AWS recommends it for nodes with two CPUs or fewer, because
   * background tasks of AWS take a good part of them.
   */
  cacheNodeCpu: { crossed: "above", value: 90, period: MINUTE, periods: 5 },
  /**
   * Per cent of Redis' memory. At 100 it evicts keys that would expire anyway, then refuses writes. AWS recommends no
   * figure. Synapse stores little there, so 80 means that the processes' queues grow, and leaves time to act.
   */
  cacheMemory: { crossed: "above", value: 80, period: MINUTE, periods: 5 },
} as const satisfies Record<string, Threshold>;

/** Days that RDS must keep its automatic backups, so that a mistake found after a long weekend can be corrected. */
export const databaseBackupDays = { production: 7, otherwise: 1 };
