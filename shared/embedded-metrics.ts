/** Units of CloudWatch that our metrics have. */
export type Unit = "Count" | "Milliseconds" | "Seconds";

/** Names the fields of a log line that are metrics, and the sets of fields that they are counted by. */
export const metricDirective = (
  namespace: string,
  dimensions: readonly (readonly string[])[],
  units: Readonly<Record<string, Unit>>,
) => ({
  Namespace: namespace,
  Dimensions: dimensions,
  Metrics: Object.entries(units).map(([Name, Unit]) => ({ Name, Unit })),
});

/** The field that makes a log line metrics too, in CloudWatch's embedded metric format. */
export const embeddedMetrics = (directives: readonly ReturnType<typeof metricDirective>[]) => ({
  _aws: { Timestamp: Date.now(), CloudWatchMetrics: directives },
});
