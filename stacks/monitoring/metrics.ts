import { outboxMetrics } from "../../lambdas/link-preview/outbox-metrics.ts";
import {
  OUTSIDE_NAMESPACE,
  outsideDimensions,
  outsideMetrics,
  type Target,
} from "../../lambdas/outside/metrics.ts";
import { dimensionNames, METRICS_NAMESPACE, metricNames } from "../../lambdas/shared/invocation.ts";
import {
  BY_BACKEND,
  DIMENSIONS as CALL_DIMENSIONS,
  METRICS as CALL_METRICS,
  METRIC_NAMESPACE as CALL_NAMESPACE,
} from "../../mcp-server/metrics.ts";
import { MARKER } from "../../shared/deployment-marker.ts";

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

/** What the load balancer answers itself, for everything behind it. Reported only if there are such answers. */
export const loadBalancerErrors = (loadBalancer: string): Metric => ({
  namespace: "AWS/ApplicationELB",
  name: "HTTPCode_ELB_5XX_Count",
  dimensions: { LoadBalancer: loadBalancer },
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

/** An RDS instance; `FreeStorageSpace` and `FreeableMemory` in bytes, a replica's `ReplicaLag` in seconds. */
export const database = (
  identifier: string,
  name: "CPUUtilization" | "DatabaseConnections" | "FreeableMemory" | "FreeStorageSpace" | "ReplicaLag",
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

/** The share of an EFS file system's operations that are in use, in per cent; of general purpose mode only. */
export const fileSystem = (id: string, name: "PercentIOLimit"): Metric => ({
  namespace: "AWS/EFS",
  name,
  dimensions: { FileSystemId: id },
});

/** Requests of one client of a Cognito user pool that were throttled. */
export const cognitoThrottles = (
  userPoolId: string,
  clientId: string,
  name: "SignInThrottles" | "TokenRefreshThrottles",
): Metric => ({
  namespace: "AWS/Cognito",
  name,
  dimensions: { UserPool: userPoolId, UserPoolClient: clientId },
});

/** Connections that a NAT gateway could not open. */
export const natPorts = (gateway: string): Metric => ({
  namespace: "AWS/NATGateway",
  name: "ErrorPortAllocation",
  dimensions: { NatGatewayId: gateway },
});

/** Written by `ops` while it changes what runs: 1 each half minute, and 0 at the end. */
export const deploymentMarker = (environment: string): Metric => ({
  namespace: MARKER.namespace,
  name: MARKER.name,
  dimensions: { [MARKER.dimension]: environment },
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

/** Requests for link previews that wait: their number, or the seconds for which the oldest does. Every 15 minutes. */
export const outbox = (handler: string, name: keyof typeof outboxMetrics): Metric => ({
  namespace: METRICS_NAMESPACE,
  name: outboxMetrics[name],
  dimensions: { [dimensionNames.function]: handler },
});

/** Whether a part of the chat answered from outside, 1 or 0, each minute. */
export const reachable = (environment: string, target: Target): Metric => ({
  namespace: OUTSIDE_NAMESPACE,
  name: outsideMetrics.reachable,
  dimensions: { [outsideDimensions.environment]: environment, [outsideDimensions.target]: target },
});

/** Days until the certificate that Cloudflare shows, or the domain, expires; every six hours. */
export const expiryDays = (environment: string, what: "certificate" | "domain"): Metric => ({
  namespace: OUTSIDE_NAMESPACE,
  name: outsideMetrics[what],
  dimensions: { [outsideDimensions.environment]: environment },
});

/** Days until a certificate of ACM expires, daily. */
export const certificateDays = (certificateArn: string): Metric => ({
  namespace: "AWS/CertificateManager",
  name: "DaysToExpiry",
  dimensions: { CertificateArn: certificateArn },
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

/** Calls of all tools of the MCP server on one backend. */
export const backendCalls = (backend: string, name: keyof typeof CALL_METRICS): Metric => ({
  namespace: CALL_NAMESPACE,
  name: CALL_METRICS[name],
  dimensions: { [BY_BACKEND[0]]: backend },
});

/** The search that finds the series of every tool on one backend. */
export const everyTool = (backend: string, name: keyof typeof CALL_METRICS, statistic: Statistic) => {
  const schema = [CALL_NAMESPACE, ...CALL_DIMENSIONS].join(",");
  return `SEARCH('{${schema}} ${CALL_DIMENSIONS[1]}="${backend}" MetricName="${CALL_METRICS[name]}"', '${statistic}')`;
};
