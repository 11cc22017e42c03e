import { embeddedMetrics, metricDirective } from "../shared/embedded-metrics.ts";

/** CloudWatch namespace of the server's metrics. */
export const METRIC_NAMESPACE = "PhenomChat/McpServer";

/** The metrics of every call. */
export const METRICS = { calls: "Calls", errors: "Errors", latency: "Latency" } as const;
/** Their dimensions. */
export const DIMENSIONS = ["tool", "backend"] as const;
/** The dimensions of all tools together, which an alarm can't add up: a metric math alarm takes ten metrics. */
export const BY_BACKEND = ["backend"] as const;

const directives = [
  metricDirective(METRIC_NAMESPACE, [DIMENSIONS, BY_BACKEND], {
    [METRICS.calls]: "Count",
    [METRICS.errors]: "Count",
    [METRICS.latency]: "Milliseconds",
  }),
];

/** The fields of a call's log line from which CloudWatch reads count, errors and latency per tool and backend. */
export function callMetrics(call: { tool: string; backend: string; failed: boolean; milliseconds: number }) {
  return {
    ...embeddedMetrics(directives),
    tool: call.tool,
    backend: call.backend,
    [METRICS.calls]: 1,
    [METRICS.errors]: call.failed ? 1 : 0,
    [METRICS.latency]: Math.round(call.milliseconds * 100) / 100,
  };
}
