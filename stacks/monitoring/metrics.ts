import { dimensionNames, METRICS_NAMESPACE, metricNames } from "../../lambdas/shared/invocation.ts";
import {
  DIMENSIONS as CALL_DIMENSIONS,
  METRICS as CALL_METRICS,
  METRIC_NAMESPACE as CALL_NAMESPACE,
} from "../../mcp-server/metrics.ts";

/** One time series of CloudWatch. */
export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** As CloudWatch spells them. */
export type Statistic = "Average" | "Maximum" | "Minimum" | "SampleCount" | "Sum" | "p50" | "p95" | "p99";

/** ECS, without Container Insights: per cent of what the service's tasks reserve. */
export const service = (
  clusterName: string,
  serviceName: string,
  name: "CPUUtilization" | "MemoryUtilization",
): Metric => ({
  namespace: "AWS/ECS",
  name,
  dimensions: { ClusterName: clusterName, ServiceName: serviceName },
});

/** A target group; `TargetResponseTime` in seconds. Without requests only `HealthyHostCount` is reported. */
export const targetGroup = (
  loadBalancer: string,
  targetGroup: string,
  name: "HealthyHostCount" | "HTTPCode_Target_5XX_Count" | "RequestCount" | "TargetResponseTime",
): Metric => ({
  namespace: "AWS/ApplicationELB",
  name,
  dimensions: { LoadBalancer: loadBalancer, TargetGroup: targetGroup },
});

/** A function as Lambda sees it; `Duration` in milliseconds. */
export const lambda = (
  functionName: string,
  name: "Duration" | "Errors" | "Invocations" | "Throttles",
): Metric => ({ namespace: "AWS/Lambda", name, dimensions: { FunctionName: functionName } });

/** An HTTP API (a REST API's metrics have other names); `Latency` in milliseconds. */
export const httpApi = (apiId: string, name: "4xx" | "5xx" | "Count" | "Latency"): Metric => ({
  namespace: "AWS/ApiGateway",
  name,
  dimensions: { ApiId: apiId },
});

/** An RDS instance; `FreeStorageSpace` in bytes. */
export const database = (
  identifier: string,
  name: "CPUUtilization" | "DatabaseConnections" | "FreeStorageSpace",
): Metric => ({ namespace: "AWS/RDS", name, dimensions: { DBInstanceIdentifier: identifier } });

/**
 * Jobs of AWS Backup into a vault that came to an end so, reported within five minutes, and only where there are some.
 * AWS Backup's developer guide names resource type and vault name as dimensions, without their spelling; that the vault
 * alone makes a series is known from the alarms and exporters of others. The alarm on completed jobs goes off where it
 * is not so, since it then sees none.
 */
export const backupJobs = (vault: string, ended: "Completed" | "Failed"): Metric => ({
  namespace: "AWS/Backup",
  name: `NumberOfBackupJobs${ended}`,
  dimensions: { BackupVaultName: vault },
});

/** What ElastiCache's engine reports of a cache cluster, every minute and in per cent. */
export const cacheEngine = (
  cluster: string,
  name: "DatabaseMemoryUsagePercentage" | "EngineCPUUtilization",
): Metric => ({ namespace: "AWS/ElastiCache", name, dimensions: { CacheClusterId: cluster } });

/** What a Redis node's host reports every minute. Redis' cache clusters have one node, which is always called so. */
export const cacheNode = (cluster: string, name: "CPUUtilization" | "CurrConnections"): Metric => ({
  namespace: "AWS/ElastiCache",
  name,
  dimensions: { CacheClusterId: cluster, CacheNodeId: "0001" },
});

/** Invocations of one of our functions as its code counts them, all or those that ended in one way. */
export const invocations = (handler: string, outcome?: string): Metric => ({
  namespace: METRICS_NAMESPACE,
  name: metricNames.invocations,
  dimensions: {
    [dimensionNames.function]: handler,
    ...(outcome !== undefined && { [dimensionNames.outcome]: outcome }),
  },
});

/** How long an invocation of one of our functions took, in milliseconds. */
export const invocationDuration = (handler: string): Metric => ({
  namespace: METRICS_NAMESPACE,
  name: metricNames.duration,
  dimensions: { [dimensionNames.function]: handler },
});

/** Calls of one tool of the MCP server; `latency` in milliseconds. */
export const toolCalls = (tool: string, backend: string, name: keyof typeof CALL_METRICS): Metric => {
  const [toolDimension, backendDimension] = CALL_DIMENSIONS;
  return {
    namespace: CALL_NAMESPACE,
    name: CALL_METRICS[name],
    dimensions: { [toolDimension]: tool, [backendDimension]: backend },
  };
};

/** The search that finds the series of every tool on one backend. */
export const everyTool = (backend: string, name: keyof typeof CALL_METRICS, statistic: Statistic) => {
  const schema = [CALL_NAMESPACE, ...CALL_DIMENSIONS].join(",");
  return `SEARCH('{${schema}} ${CALL_DIMENSIONS[1]}="${backend}" MetricName="${CALL_METRICS[name]}"', '${statistic}')`;
};
