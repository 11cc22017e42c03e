import { Op, Token } from "cdktf";
import type { AlarmDefinition } from "./alarm-definition.ts";
import { backupJobs, cacheEngine, cacheNode, database } from "./metrics.ts";
import type { Parts } from "./parts.ts";
import { thresholds } from "./thresholds.ts";

const GIB = 1024 ** 3;

/** The instance that both implementations stand on. */
export function databaseAlarms({ database: { identifier, allocatedStorage } }: Parts): AlarmDefinition[] {
  const { databaseConnections, freeStorageShare } = thresholds;
  return [
    {
      id: "database-connections",
      metric: database(identifier, "DatabaseConnections"),
      statistic: "Average",
      threshold: databaseConnections,
      // A database that runs always reports.
      missing: "breaching",
      meaning: "The database runs out of connections, or reports nothing because it is down",
      remedy: "See who holds them; restart who holds too many",
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
 * The media's nightly backups. A job may fail, expire before it begins, be stopped, or never be made: that none
 * completed says all of it, and a failed one is told at once besides.
 */
export const backupAlarms = (vault: string): AlarmDefinition[] => [
  {
    id: "synapse-backup-failed",
    metric: backupJobs(vault, "Failed"),
    statistic: "Sum",
    threshold: thresholds.failedBackups,
    // Only what happened is reported.
    missing: "notBreaching",
    meaning: "A backup of Synapse's media failed; what people sent since the last one is in no backup",
    remedy: "Read the job's message, put its cause right, and start a backup by hand",
  },
  {
    id: "synapse-backup-missing",
    metric: backupJobs(vault, "Completed"),
    statistic: "Sum",
    threshold: thresholds.missingBackups,
    // As above, so that no report at all is just what this is about.
    missing: "breaching",
    meaning: "No backup of Synapse's media completed for a night and more, whatever became of its job",
    remedy: "See what became of the last jobs, and start a backup by hand",
  },
];

/**
 * What connects Synapse's processes, node by node. Dropped keys have no alarm: all of them expire anyway, and memory
 * goes up before. Nor have connections: their number is small and says little, and Synapse waits while it has none.
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
        // A node that runs always reports.
        missing: "breaching",
        meaning: `${name} can't take more commands, or reports nothing because it is down: messages wait`,
        remedy: "See whether it is available; else a larger node type",
      },
      {
        id: `synapse-redis-${index + 1}-cpu`,
        section: "synapse-redis-cpu",
        metric: cacheNode(cluster, "CPUUtilization"),
        statistic: "Average",
        threshold: thresholds.cacheNodeCpu,
        missing: "notBreaching",
        meaning: `${name} has no CPU left, whoever takes it, and messages between the processes get late`,
        remedy: "A larger node type",
      },
      {
        id: `synapse-redis-${index + 1}-memory`,
        section: "synapse-redis-memory",
        metric: cacheEngine(cluster, "DatabaseMemoryUsagePercentage"),
        statistic: "Average",
        threshold: thresholds.cacheMemory,
        missing: "notBreaching",
        meaning: `${name} uses most of its memory; when it is full, Synapse can't write to it`,
        remedy: "Restart the process that does not keep up; else a larger node type",
      },
    ];
  });
