import { embeddedMetrics, metricDirective } from "../shared/embedded-metrics.ts";

/** CloudWatch namespace of the server's metrics. */
export const METRIC_NAMESPACE = "PhenomChat/McpServer";

/** The metrics of every call. */
export const METRICS = { calls: "Calls", errors: "Errors", latency: "Latency" } as const;
/** Their dimensions. */
export const DIMENSIONS = ["tool", "backend"] as const;

const directives = [
  metricDirective(METRIC_NAMESPACE, [DIMENSIONS], {
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
