/** CloudWatch namespace of the server's metrics. */
export const METRIC_NAMESPACE = "PhenomChat/McpServer";

/** The metrics of every call. */
export const METRICS = { calls: "Calls", errors: "Errors", latency: "Latency" } as const;
/** What they are counted by. */
export const DIMENSIONS = ["tool", "backend"] as const;

const CloudWatchMetrics = [
  {
    Namespace: METRIC_NAMESPACE,
    Dimensions: [DIMENSIONS],
    Metrics: [
      { Name: METRICS.calls, Unit: "Count" },
      { Name: METRICS.errors, Unit: "Count" },
      { Name: METRICS.latency, Unit: "Milliseconds" },
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
    [METRICS.calls]: 1,
    [METRICS.errors]: call.failed ? 1 : 0,
    [METRICS.latency]: Math.round(call.milliseconds * 100) / 100,
  };
}
