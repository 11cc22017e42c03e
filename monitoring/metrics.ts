import { dimensionNames, metricNames, metricsNamespace } from "../lambdas/shared/invocation.ts";
import {
  DIMENSIONS as CALL_DIMENSIONS,
  METRICS as CALL_METRICS,
  METRIC_NAMESPACE as CALL_NAMESPACE,
} from "../mcp-server/metrics.ts";

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

/** Invocations of one of our functions as its code counts them, all or those that ended in one way. */
export const invocations = (handler: string, outcome?: string): Metric => ({
  namespace: metricsNamespace,
  name: metricNames.invocations,
  dimensions: {
    [dimensionNames.function]: handler,
    ...(outcome !== undefined && { [dimensionNames.outcome]: outcome }),
  },
});

/** How long an invocation of one of our functions took, in milliseconds. */
export const invocationDuration = (handler: string): Metric => ({
  namespace: metricsNamespace,
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
