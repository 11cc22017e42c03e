/** CloudWatch namespace of the server's metrics. */
export const METRIC_NAMESPACE = "PhenomChat/McpServer";

const CloudWatchMetrics = [
  {
    Namespace: METRIC_NAMESPACE,
    Dimensions: [["tool", "backend"]],
    Metrics: [
      { Name: "Calls", Unit: "Count" },
      { Name: "Errors", Unit: "Count" },
      { Name: "Latency", Unit: "Milliseconds" },
    ],
  },
] as const;

/**
 * The fields that make a log line an embedded metric: CloudWatch reads count, errors and latency per tool
 * and backend out of the line itself.
 */
export function callMetrics(call: { tool: string; backend: string; failed: boolean; milliseconds: number }) {
  return {
    _aws: { Timestamp: Date.now(), CloudWatchMetrics },
    tool: call.tool,
    backend: call.backend,
    Calls: 1,
    Errors: call.failed ? 1 : 0,
    Latency: Math.round(call.milliseconds * 100) / 100,
  };
}
