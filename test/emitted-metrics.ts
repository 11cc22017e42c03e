import * as z from "zod";
import { outboxFields } from "../lambdas/link-preview/outbox-metrics.ts";
import { expiryFields, reachedFields } from "../lambdas/outside/metrics.ts";
import { startInvocation } from "../lambdas/shared/invocation.ts";
import { callMetrics } from "../mcp-server/metrics.ts";
import { MARKER } from "../shared/deployment-marker.ts";
import { mcpLog, synapseLog } from "../stacks/monitoring/log-metrics.ts";

/** A metric's kind: what CloudWatch knows it by, without the values of its dimensions. */
export const kind = (namespace: string, name: string, dimensions: readonly string[]) =>
  `${namespace} ${name} by ${[...dimensions].sort().join(", ") || "nothing"}`;

/**
 * What AWS reports of itself for what this project deploys, as each service's developer guide lists it: ECS without
 * Container Insights, HTTP APIs without detailed metrics.
 */
const AWS: readonly [namespace: string, dimensions: string[], names: string[]][] = [
  ["AWS/ECS", ["ClusterName", "ServiceName"], ["CPUUtilization", "MemoryUtilization"]],
  [
    "AWS/ApplicationELB",
    ["LoadBalancer", "TargetGroup"],
    [
      "HealthyHostCount",
      "UnHealthyHostCount",
      "HTTPCode_Target_2XX_Count",
      "HTTPCode_Target_4XX_Count",
      "HTTPCode_Target_5XX_Count",
      "RequestCount",
      "RequestCountPerTarget",
      "TargetConnectionErrorCount",
      "TargetResponseTime",
    ],
  ],
  ["AWS/ApplicationELB", ["LoadBalancer"], ["HTTPCode_ELB_5XX_Count", "RequestCount"]],
  ["AWS/Cognito", ["UserPool", "UserPoolClient"], ["SignInThrottles", "TokenRefreshThrottles"]],
  ["AWS/NATGateway", ["NatGatewayId"], ["ErrorPortAllocation"]],
  ["AWS/CertificateManager", ["CertificateArn"], ["DaysToExpiry"]],
  ["AWS/EFS", ["FileSystemId"], ["PercentIOLimit"]],
  // What `ops` writes: tools/ops/deployment/marker.ts.
  [MARKER.namespace, [MARKER.dimension], [MARKER.name]],
  [
    "AWS/Lambda",
    ["FunctionName"],
    ["ConcurrentExecutions", "Duration", "Errors", "Invocations", "Throttles"],
  ],
  ["AWS/ApiGateway", ["ApiId"], ["4xx", "5xx", "Count", "DataProcessed", "IntegrationLatency", "Latency"]],
  [
    "AWS/RDS",
    ["DBInstanceIdentifier"],
    [
      "CPUUtilization",
      "DatabaseConnections",
      "FreeableMemory",
      "FreeStorageSpace",
      "ReadLatency",
      "ReplicaLag",
    ],
  ],
  [
    "AWS/Backup",
    ["BackupVaultName"],
    ["Aborted", "Completed", "Created", "Expired", "Failed"].map((ended) => `NumberOfBackupJobs${ended}`),
  ],
  // As CloudWatch's recommended alarms name them: what the engine knows by cluster, what the host knows by node.
  [
    "AWS/ElastiCache",
    ["CacheClusterId"],
    ["DatabaseMemoryUsagePercentage", "EngineCPUUtilization", "ReplicationLag"],
  ],
  ["AWS/ElastiCache", ["CacheClusterId", "CacheNodeId"], ["CPUUtilization", "CurrConnections"]],
];

const embedded = z.object({
  _aws: z.object({
    CloudWatchMetrics: z.array(
      z.object({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string() })),
      }),
    ),
  }),
});

const kindsIn = (line: unknown): string[] =>
  embedded
    .parse(line)
    ._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
      Dimensions.flatMap((dimensions) => Metrics.map(({ Name }) => kind(Namespace, Name, dimensions))),
    );

/** A line that a function writes at the end of an invocation. */
function invocationLine(): unknown {
  const { write } = process.stdout;
  let line = "";
  process.stdout.write = (text) => {
    line += String(text);
    return true;
  };
  try {
    startInvocation("function", { awsRequestId: "1", getRemainingTimeInMillis: () => 1000 }).finish(
      "outcome",
      "INFO",
    );
  } finally {
    process.stdout.write = write;
  }
  return JSON.parse(line);
}

/** Every kind of metric that there is, by what our own programs really write and AWS says that it reports. */
export function emittedMetrics(environment: string): ReadonlySet<string> {
  return new Set([
    ...AWS.flatMap(([namespace, dimensions, names]) =>
      names.map((name) => kind(namespace, name, dimensions)),
    ),
    ...kindsIn(invocationLine()),
    ...kindsIn(outboxFields({ depth: 0, ageSeconds: 0 })),
    ...kindsIn(reachedFields(environment, "a", true)),
    ...(["certificate", "domain"] as const).flatMap((what) => kindsIn(expiryFields(environment, what, 30))),
    ...kindsIn(callMetrics({ tool: "t", backend: "b", failed: false, milliseconds: 1 })),
    ...[...Object.values(synapseLog), ...Object.values(mcpLog)].map(({ name }) =>
      kind(`PhenomChat/Log/${environment}`, name, []),
    ),
  ]);
}
