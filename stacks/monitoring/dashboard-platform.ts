import { GRAPH, graph, HEADING, line } from "./graphs.ts";
import {
  backupJobs,
  cacheEngine,
  cacheNode,
  cognitoThrottles,
  database,
  fileSystem,
  loadBalancerErrors,
  type Metric,
  service,
} from "./metrics.ts";
import type { Parts } from "./parts.ts";
import { connectionLimit } from "./storage-alarms.ts";
import { thresholds } from "./thresholds.ts";
import type { Content, Row } from "./widgets.ts";

/** The platform below both implementations. */
export function platformRows(parts: Parts): Row[] {
  const { clusterName, loadBalancer, mcp, synapse, database: instance } = parts;
  const services = {
    mcp: mcp.service,
    ...(synapse && { synapse: synapse.synapse, ...synapse.workers }),
    ...(synapse?.synapseAdmin && { "synapse-admin": synapse.synapseAdmin }),
  };
  const use = (name: "CPUUtilization" | "MemoryUtilization", title: string, limit: number): Content =>
    graph(
      title,
      "per cent",
      Object.entries(services).map(([id, of]) => line(id, service(clusterName, of.name, name), "Average")),
      limit,
    );
  return [
    { height: HEADING, contents: [{ type: "text", markdown: "## Which part: the platform below both" }] },
    {
      height: GRAPH,
      contents: [
        use("CPUUtilization", "Tasks: CPU", thresholds.cpu.value),
        use("MemoryUtilization", "Tasks: memory", thresholds.memory.value),
      ],
    },
    {
      height: GRAPH,
      contents: [
        graph(
          "Database: CPU",
          "per cent",
          [line("CPU", database(instance.identifier, "CPUUtilization"), "Average")],
          thresholds.databaseCpu.value,
        ),
        graph("Database: free memory", "bytes", [
          line("free", database(instance.identifier, "FreeableMemory"), "Average"),
        ]),
        graph(
          "Database: connections",
          "connections",
          [line("connections", database(instance.identifier, "DatabaseConnections"), "Maximum")],
          connectionLimit(instance.maxConnections),
        ),
        graph("Database: free storage", "bytes", [
          line("free", database(instance.identifier, "FreeStorageSpace"), "Minimum"),
        ]),
      ],
    },
    {
      height: GRAPH,
      contents: [
        graph("Load balancer: its own errors", "in 5 minutes", [
          line("502, 503, 504", loadBalancerErrors(loadBalancer), "Sum"),
        ]),
        graph(
          "Cognito: refused, too many",
          "in 5 minutes",
          parts.userPool.clientIds.map((client, index) =>
            line(
              `sign-ins, client ${index + 1}`,
              cognitoThrottles(parts.userPool.id, client, "SignInThrottles"),
              "Sum",
            ),
          ),
        ),
        ...(synapse
          ? [
              graph(
                "Media: operations",
                "per cent of what the file system takes",
                [line("in use", fileSystem(synapse.fileSystemId, "PercentIOLimit"), "Average")],
                thresholds.fileSystemOperations.value,
              ),
              graph("Media: backups", "in 5 minutes", [
                line("completed", backupJobs(synapse.backupVault, "Completed"), "Sum"),
                line("failed", backupJobs(synapse.backupVault, "Failed"), "Sum"),
              ]),
            ]
          : []),
      ],
    },
    ...redisRows(synapse?.redisNodes ?? []),
  ];
}

/** Redis, if Synapse runs with workers. */
function redisRows(nodes: readonly string[]): Row[] {
  if (nodes.length === 0) return [];
  const lines = (metric: (cluster: string) => Metric, what = "") =>
    nodes.map((cluster, index) => line(`node ${index + 1}${what}`, metric(cluster), "Average"));
  const { cacheEngineCpu, cacheMemory } = thresholds;
  return [
    {
      height: GRAPH,
      contents: [
        graph(
          "Redis: CPU",
          "per cent",
          [
            ...lines((cluster) => cacheEngine(cluster, "EngineCPUUtilization"), ", Redis itself"),
            ...lines((cluster) => cacheNode(cluster, "CPUUtilization")),
          ],
          cacheEngineCpu.value,
        ),
        graph(
          "Redis: memory",
          "per cent",
          lines((cluster) => cacheEngine(cluster, "DatabaseMemoryUsagePercentage")),
          cacheMemory.value,
        ),
        graph(
          "Redis: connections",
          "connections",
          lines((cluster) => cacheNode(cluster, "CurrConnections")),
        ),
      ],
    },
  ];
}
