import { embeddedMetrics, metricDirective } from "../../shared/embedded-metrics.ts";
import { dimensionNames, METRICS_NAMESPACE } from "../shared/invocation.ts";

/** The metrics of the requests that wait for a preview, by Function. */
export const outboxMetrics = { depth: "OutboxDepth", age: "OutboxAge" } as const;

const directive = metricDirective(METRICS_NAMESPACE, [[dimensionNames.function]], {
  [outboxMetrics.depth]: "Count",
  [outboxMetrics.age]: "Seconds",
});

/** Fields of a log line that say how many requests wait, and for how long. */
export const outboxFields = ({ depth, ageSeconds }: { depth: number; ageSeconds: number }) => ({
  ...embeddedMetrics([directive]),
  [outboxMetrics.depth]: depth,
  [outboxMetrics.age]: ageSeconds,
});
