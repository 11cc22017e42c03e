import { Fn, Op, Token } from "cdktf";
import type { AlarmDefinition } from "./alarm-definition.ts";
import { backupJobs, cacheEngine, cacheNode, database, fileSystem } from "./metrics.ts";
import type { Parts } from "./parts.ts";
import { thresholds } from "./thresholds.ts";

const GIB = 1024 ** 3;

/** Number of connections from which the alarm is on. */
export const connectionLimit = (maxConnections: number): number =>
  Token.asNumber(Fn.floor(Token.asNumber(Op.mul(maxConnections, thresholds.databaseConnectionShare.value))));

/** Alarms on the RDS instance that both implementations use. */
export function databaseAlarms({
  database: { identifier, allocatedStorage, memory, maxConnections },
}: Parts): AlarmDefinition[] {
  const { databaseConnectionShare, freeMemoryShare, freeStorageShare } = thresholds;
  return [
    {
      id: "database-gone",
      part: "platform",
      role: "symptom",
      metric: database(identifier, "DatabaseConnections"),
      statistic: "Minimum",
      threshold: thresholds.databaseGone,
      // A running database reports every minute, so only missing data starts this alarm.
      missing: "breaching",
      meaning: "The database reports nothing: it is down, fails over, or was renamed",
      remedy: "Check the instance's state and events",
    },
    {
      id: "database-connections",
      part: "platform",
      role: "cause",
      metric: database(identifier, "DatabaseConnections"),
      statistic: "Average",
      threshold: { ...databaseConnectionShare, value: connectionLimit(maxConnections) },
      // A running database always reports.
      missing: "breaching",
      meaning: "The database is running out of connections, or is down and reports nothing",
      remedy: "Find the client with too many connections and restart it",
    },
    {
      id: "database-cpu",
      part: "platform",
      role: "cause",
      metric: database(identifier, "CPUUtilization"),
      statistic: "Average",
      threshold: thresholds.databaseCpu,
      missing: "notBreaching",
      meaning: "The database uses most of its CPU, and everything that reads or writes gets slower",
      remedy: "Find the longest query; otherwise have the instance's owner choose a larger class",
    },
    {
      id: "database-memory",
      part: "platform",
      role: "cause",
      metric: database(identifier, "FreeableMemory"),
      statistic: "Average",
      threshold: {
        ...freeMemoryShare,
        value: Token.asNumber(Op.mul(memory, freeMemoryShare.value * GIB)),
      },
      missing: "notBreaching",
      meaning: "The database has little memory left; when it swaps, every query gets slower",
      remedy: "Find the connections that hold memory; otherwise have its owner choose a larger class",
    },
    {
      id: "database-storage",
      part: "platform",
      role: "ticket",
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
    part: "a",
    role: "ticket",
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
    part: "a",
    role: "ticket",
    metric: backupJobs(vault, "Completed"),
    statistic: "Sum",
    threshold: thresholds.missingBackups,
    // No data means that no backup completed.
    missing: "breaching",
    meaning: `No backup of Synapse's media has completed for ${thresholds.missingBackups.periods} hours`,
    remedy: "Check the last backup jobs and start a backup by hand",
  },
];

/** The file system of Synapse's media has elastic throughput: it has no burst credits that could run out. */
export const fileSystemAlarms = (id: string): AlarmDefinition[] => [
  {
    id: "synapse-media-operations",
    part: "a",
    role: "cause",
    metric: fileSystem(id, "PercentIOLimit"),
    statistic: "Average",
    threshold: thresholds.fileSystemOperations,
    missing: "notBreaching",
    meaning: "The media's file system is near its limit of operations, and media load slowly",
    remedy: "Find what reads so much: a copy, a scan, or people",
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
        part: "a",
        role: "cause",
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
        part: "a",
        role: "cause",
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
        part: "a",
        role: "cause",
        metric: cacheEngine(cluster, "DatabaseMemoryUsagePercentage"),
        statistic: "Average",
        threshold: thresholds.cacheMemory,
        missing: "notBreaching",
        meaning: `${name} uses most of its memory; when it is full, Synapse can't write to it`,
        remedy: "Restart the process that does not keep up; otherwise use a larger node type",
      },
    ];
  });
