import * as z from "zod";
import type { Template } from "../../stacks/chat/template.ts";
import { compositeRule, type States } from "./composite-alarm.ts";
import type { Metric, MetricAlarm } from "./metric-alarm.ts";
import type { Statistic } from "./series.ts";

/** A statistic by CloudWatch's name. */
export const statistic = z.custom<Statistic>(
  (value) => typeof value === "string" && /^(Average|Maximum|Minimum|SampleCount|Sum|p\d+)$/.test(value),
);
const dimensions = z.record(z.string(), z.string()).default({});
const metricAlarm = z.object({
  alarm_name: z.string(),
  namespace: z.string().optional(),
  metric_name: z.string().optional(),
  dimensions,
  statistic: statistic.optional(),
  extended_statistic: statistic.optional(),
  period: z.number().optional(),
  metric_query: z
    .array(
      z.object({
        id: z.string(),
        expression: z.string().optional(),
        metric: z
          .object({
            namespace: z.string(),
            metric_name: z.string(),
            dimensions,
            period: z.number(),
            stat: statistic,
          })
          .optional(),
      }),
    )
    .default([]),
  comparison_operator: z.enum([
    "GreaterThanThreshold",
    "GreaterThanOrEqualToThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
  ]),
  threshold: z.union([z.number(), z.string()]),
  evaluation_periods: z.number(),
  datapoints_to_alarm: z.number().optional(),
  treat_missing_data: z.enum(["missing", "ignore", "breaching", "notBreaching"]).default("missing"),
  alarm_actions: z.array(z.string()).default([]),
  for_each: z.unknown().optional(),
});
const compositeAlarm = z.object({
  alarm_name: z.string(),
  alarm_rule: z.string(),
  alarm_actions: z.array(z.string()),
  actions_suppressor: z.object({
    alarm: z.string(),
    wait_period: z.number(),
    extension_period: z.number(),
  }),
});

/** An alarm of alarms. */
interface CompositeAlarm {
  readonly name: string;
  readonly rule: (states: States) => (minute: number) => boolean;
  readonly topic: string | undefined;
  readonly suppressor: string;
  /** Minutes. */
  readonly wait: number;
  readonly extension: number;
}

/** Every alarm that a stack has. */
export interface StackAlarms {
  readonly metric: readonly (MetricAlarm & { readonly topic: string | undefined })[];
  /** Each after those that its rule names. */
  readonly composite: readonly CompositeAlarm[];
}

const comparisons: Readonly<Record<string, MetricAlarm["breaches"]>> = {
  GreaterThanThreshold: (value, threshold) => value > threshold,
  GreaterThanOrEqualToThreshold: (value, threshold) => value >= threshold,
  LessThanThreshold: (value, threshold) => value < threshold,
  LessThanOrEqualToThreshold: (value, threshold) => value <= threshold,
};

const GIB = 1024 ** 3;
/** Thresholds that only Terraform knows, by alarm: those of a db.t4g.medium with 100 GiB. */
export const thresholdsOfDatabase = {
  "database-connections": 315,
  "database-memory": 0.05 * 4 * GIB,
  "database-storage": 15 * GIB,
} as const;

/** An alarm's name without the project. */
export const shortName = (alarm: string): string => alarm.replace(/^[a-z]+-[a-z]+-chat-/, "");

/**
 * The alarms of a synthesised stack, ready to be evaluated.
 *
 * @param known values of expressions that only Terraform knows, by alarm
 */
export function stackAlarms(template: Template, known: Readonly<Record<string, number>>): StackAlarms {
  const metricAlarms = Object.entries(template.resources("aws_cloudwatch_metric_alarm"))
    .map(([address, body]) => ({ address, ...metricAlarm.parse(body) }))
    .filter(({ for_each }) => for_each === undefined);
  const compositeAlarms = Object.entries(template.resources("aws_cloudwatch_composite_alarm")).map(
    ([address, body]) => ({ address, ...compositeAlarm.parse(body) }),
  );
  const names = new Map<string, string>([
    ...metricAlarms.map(
      (alarm) => [`aws_cloudwatch_metric_alarm.${alarm.address}`, alarm.alarm_name] as const,
    ),
    ...compositeAlarms.map(
      (alarm) => [`aws_cloudwatch_composite_alarm.${alarm.address}`, alarm.alarm_name] as const,
    ),
  ]);
  const resolved = (text: string) =>
    text.replaceAll(/\$\{([\w.]+)\.alarm_name\}/g, (_, address: string) =>
      shortName(names.get(address) ?? address),
    );
  const topic = ([action]: readonly string[]) => action && /monitoring_(\w+)_topic_/.exec(action)?.[1];

  return {
    metric: metricAlarms.map((alarm) => {
      const name = shortName(alarm.alarm_name);
      const threshold = typeof alarm.threshold === "number" ? alarm.threshold : known[name];
      if (threshold === undefined)
        throw new Error(`the threshold of ${name} is not known: ${alarm.threshold}`);
      const single = alarm.statistic ?? alarm.extended_statistic;
      const metrics: Record<string, { metric: Metric; statistic: Statistic }> = {};
      if (single && alarm.namespace && alarm.metric_name)
        metrics.value = {
          metric: { namespace: alarm.namespace, name: alarm.metric_name, dimensions: alarm.dimensions },
          statistic: single,
        };
      for (const { id, metric } of alarm.metric_query)
        if (metric)
          metrics[id] = {
            metric: { namespace: metric.namespace, name: metric.metric_name, dimensions: metric.dimensions },
            statistic: metric.stat,
          };
      const period = alarm.period ?? alarm.metric_query.find(({ metric }) => metric)?.metric?.period;
      if (period === undefined) throw new Error(`${name} has no period`);
      return {
        name,
        metrics,
        expressions: Object.fromEntries(
          alarm.metric_query.flatMap(({ id, expression }) =>
            expression === undefined ? [] : [[id, expression]],
          ),
        ),
        breaches: comparisons[alarm.comparison_operator] ?? (() => false),
        threshold,
        period: period / 60,
        evaluationPeriods: alarm.evaluation_periods,
        datapointsToAlarm: alarm.datapoints_to_alarm ?? alarm.evaluation_periods,
        missing: alarm.treat_missing_data,
        topic: topic(alarm.alarm_actions),
      };
    }),
    composite: sorted(
      compositeAlarms.map((alarm) => ({
        name: shortName(alarm.alarm_name),
        text: resolved(alarm.alarm_rule),
        rule: (states: States) => compositeRule(resolved(alarm.alarm_rule), states),
        topic: topic(alarm.alarm_actions),
        suppressor: resolved(alarm.actions_suppressor.alarm),
        wait: alarm.actions_suppressor.wait_period / 60,
        extension: alarm.actions_suppressor.extension_period / 60,
      })),
    ),
  };
}

/** Children before parents. */
function sorted<T extends { readonly name: string; readonly text: string }>(alarms: readonly T[]): T[] {
  const left = [...alarms];
  const done: T[] = [];
  while (left.length > 0) {
    const index = left.findIndex(({ text }) => !left.some(({ name }) => text.includes(`("${name}")`)));
    if (index < 0)
      throw new Error(`composite alarms depend on each other: ${left.map(({ name }) => name).join(", ")}`);
    done.push(...left.splice(index, 1));
  }
  return done;
}
