import type { FargateService } from "../../constructs/fargate-service.ts";
import { type Metric, type Statistic, targetGroup } from "./metrics.ts";
import type { Content, Line } from "./widgets.ts";

/** Height of a heading. */
export const HEADING = 2;
/** Height of a graph. */
export const GRAPH = 6;

export const line = (label: string, metric: Metric, statistic: Statistic): Line => ({
  label,
  metric,
  statistic,
});
export const percentiles = (label: string, metric: Metric): Line[] =>
  (["p50", "p95"] as const).map((statistic) => line(`${label}, ${statistic}`, metric, statistic));
export const graph = (title: string, unit: string, lines: readonly Line[], limit?: number): Content => ({
  type: "metric",
  title,
  unit,
  lines,
  ...(limit !== undefined && { limit: { label: "alarm", value: limit } }),
});

/** Metrics of a target group. */
export type GroupMetric = Parameters<typeof targetGroup>[2];

/** A line for each target group; services that share one share its line. */
export function groupLines(
  loadBalancer: string,
  services: Readonly<Record<string, FargateService>>,
  name: GroupMetric,
  statistic: Statistic,
  label: (service: string) => string,
): Line[] {
  const groups = new Map<string, string>();
  for (const [id, { targetGroupArnSuffix: group }] of Object.entries(services))
    if (group !== undefined && !groups.has(group)) groups.set(group, id);
  return [...groups].map(([group, id]) => line(label(id), targetGroup(loadBalancer, group, name), statistic));
}
