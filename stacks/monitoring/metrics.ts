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

/** CloudWatch's names of statistics. */
export type Statistic = "Average" | "Maximum" | "Minimum" | "SampleCount" | "Sum" | "p50" | "p95" | "p99";

/** An ECS service without Container Insights: per cent of what its tasks reserve. */
export const service = (
  clusterName: string,
  serviceName: string,
  name: "CPUUtilization" | "MemoryUtilization",
): Metric => ({
  namespace: "AWS/ECS",
  name,
  dimensions: { ClusterName: clusterName, ServiceName: serviceName },
});

/** An EC2 instance: per cent of its CPU, and whether it fails AWS's checks. */
export const instance = (instanceId: string, name: "CPUUtilization" | "StatusCheckFailed"): Metric => ({
  namespace: "AWS/EC2",
  name,
  dimensions: { InstanceId: instanceId },
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

/** What Lambda reports of a function; `Duration` in milliseconds. */
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
 * AWS Backup jobs of a vault by their result. AWS reports them within five minutes, and only if there are any.
 * Its developer guide names resource type and vault name as dimensions but not how they are spelled. Alarms and
 * exporters of others use the vault name alone. If that were wrong, the alarm on missing backups would start.
 */
export const backupJobs = (vault: string, result: "Completed" | "Failed"): Metric => ({
  namespace: "AWS/Backup",
  name: `NumberOfBackupJobs${result}`,
  dimensions: { BackupVaultName: vault },
});

/** What Redis reports of a cache cluster every minute, in per cent. */
export const cacheEngine = (
  cluster: string,
  name: "DatabaseMemoryUsagePercentage" | "EngineCPUUtilization",
): Metric => ({ namespace: "AWS/ElastiCache", name, dimensions: { CacheClusterId: cluster } });

/** What the host of a Redis node reports every minute. A Redis cache cluster has one node, which is always 0001. */
export const cacheNode = (cluster: string, name: "CPUUtilization" | "CurrConnections"): Metric => ({
  namespace: "AWS/ElastiCache",
  name,
  dimensions: { CacheClusterId: cluster, CacheNodeId: "0001" },
});

/** Invocations of one of our functions as its code counts them: all, or those with one outcome. */
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
