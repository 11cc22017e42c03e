import { Fn, Op, Token } from "cdktf";
import type { AlarmDefinition } from "./alarm-definition.ts";
import { backupJobs, cacheEngine, cacheNode, database } from "./metrics.ts";
import type { Parts } from "./parts.ts";
import { thresholds } from "./thresholds.ts";

const GIB = 1024 ** 3;

/** Number of connections from which the alarm is on. */
export const connectionLimit = (maxConnections: number): number =>
  Token.asNumber(Fn.floor(Token.asNumber(Op.mul(maxConnections, thresholds.databaseConnectionShare.value))));

/** Alarms on the RDS instance that both implementations use. */
export function databaseAlarms({
  database: { identifier, allocatedStorage, maxConnections },
}: Parts): AlarmDefinition[] {
  const { databaseConnectionShare, freeStorageShare } = thresholds;
  return [
    {
      id: "database-connections",
      metric: database(identifier, "DatabaseConnections"),
      statistic: "Average",
      threshold: { ...databaseConnectionShare, value: connectionLimit(maxConnections) },
      // A running database always reports.
      missing: "breaching",
      meaning: "The database is running out of connections, or is down and reports nothing",
      remedy: "Find the client with too many connections and restart it",
    },
    {
      id: "database-storage",
      metric: database(identifier, "FreeStorageSpace"),
      statistic: "Minimum",
      threshold: {
        ...freeStorageShare,
        value: Token.asNumber(Op.mul(allocatedStorage, freeStorageShare.value * GIB)),
      },
      missing: "notBreaching",
      meaning: "The database's disk is nearly full; when it is full, nobody can write",
      remedy: "Enlarge the storage, which needs no downtime; then find out what grew",
    },
  ];
}

/**
 * Alarms on the media's nightly backups. A job may fail, expire before it starts, be stopped, or never be created: the
 * alarm on missing backups covers all of these, and the alarm on failed ones reports a failure at once.
 */
export const backupAlarms = (vault: string): AlarmDefinition[] => [
  {
    id: "synapse-backup-failed",
    metric: backupJobs(vault, "Failed"),
    statistic: "Sum",
    threshold: thresholds.failedBackups,
    // AWS Backup reports only if there are jobs.
    missing: "notBreaching",
    meaning: "A backup of Synapse's media failed; files since the last backup are in no backup",
    remedy: "Read the job's message, correct the cause and start a backup by hand",
  },
  {
    id: "synapse-backup-missing",
    metric: backupJobs(vault, "Completed"),
    statistic: "Sum",
    threshold: thresholds.missingBackups,
    // No data means that no backup completed.
    missing: "breaching",
    meaning: `No backup of Synapse's media has completed for ${thresholds.missingBackups.periods} hours`,
    remedy: "Check the last backup jobs and start a backup by hand",
  },
];

/**
 * Alarms on each node of the workers' Redis. There is none on evicted keys: all keys expire anyway, and memory rises
 * before. There is none on connections either: their number is small and says little, and Synapse waits for one.
 */
export const redisAlarms = (nodes: readonly string[]): AlarmDefinition[] =>
  nodes.flatMap((cluster, index): AlarmDefinition[] => {
    const name = `Node ${index + 1} of Synapse's Redis`;
    return [
      {
        id: `synapse-redis-${index + 1}-engine-cpu`,
        section: "synapse-redis-engine-cpu",
        metric: cacheEngine(cluster, "EngineCPUUtilization"),
        statistic: "Average",
        threshold: thresholds.cacheEngineCpu,
        // A running node always reports.
        missing: "breaching",
        meaning: `${name} can't process more commands, or is down and reports nothing: messages are delayed`,
        remedy: "Check whether it is available; if it is, use a larger node type",
      },
      {
        id: `synapse-redis-${index + 1}-cpu`,
        section: "synapse-redis-cpu",
        metric: cacheNode(cluster, "CPUUtilization"),
        statistic: "Average",
        threshold: thresholds.cacheNodeCpu,
        missing: "notBreaching",
        meaning: `${name} has no CPU left, and messages between Synapse's processes are delayed`,
        remedy: "Use a larger node type",
      },
      {
        id: `synapse-redis-${index + 1}-memory`,
        section: "synapse-redis-memory",
        metric: cacheEngine(cluster, "DatabaseMemoryUsagePercentage"),
        statistic: "Average",
        threshold: thresholds.cacheMemory,
        missing: "notBreaching",
        meaning: `${name} uses most of its memory; when it is full, Synapse can't write to it`,
        remedy: "Restart the process that does not keep up; otherwise use a larger node type",
      },
    ];
  });
