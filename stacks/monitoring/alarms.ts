import { CloudwatchCompositeAlarm } from "@cdktf/provider-aws/lib/cloudwatch-composite-alarm";
import {
  CloudwatchMetricAlarm,
  type CloudwatchMetricAlarmConfig,
} from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm";
import { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";
import type { AlarmDefinition, CompositeDefinition, Rule, Severity } from "./alarm-definition.ts";

export interface AlarmsProps {
  readonly deployment: Deployment;
  /** Start of the alarms' names. */
  readonly prefix: string;
  /** Topics that are notified when an alarm starts and when it ends. */
  readonly topicArns: Readonly<Record<Severity, string>>;
  /** Page that says what to do. */
  readonly runbookUrl: string;
  readonly alarms: readonly AlarmDefinition[];
  /** Each after those that its rule names. @default - none */
  readonly composites?: readonly CompositeDefinition[];
  /** Id of the alarm that is on while we deploy, which keeps composites quiet. @default - there are none */
  readonly marker?: string;
}

const comparisonOperators = {
  above: "GreaterThanThreshold",
  "at or above": "GreaterThanOrEqualToThreshold",
  below: "LessThanThreshold",
} as const;

/**
 * Seconds. `wait`: how long a message waits in case the marker is late, and a ticket in case its cause passes; each
 * message is later by this. `extension`: how long
 * alarms stay quiet after a deployment: until the short windows of pages have forgotten it, and until CloudWatch no longer
 * evaluates the last data points of counters that have none since.
 */
const quietTime = { wait: { page: 60, ticket: 900 }, extension: { page: 300, ticket: 900 } };

/** CloudWatch's alarms: one for each definition, and the composites that tell somebody. */
export class Alarms extends Construct {
  /** ARNs of the alarms that tell somebody, pages first. */
  readonly tellingArns: readonly string[];
  /** ARNs of all others. */
  readonly otherArns: readonly string[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { alarms, composites = [], marker = "" } = props;
    const metricAlarms = new Map(
      alarms.map((definition) => [definition.id, this.metricAlarm(definition, props)]),
    );
    const names = new Map([...metricAlarms].map(([alarm, { alarmName }]) => [alarm, alarmName]));
    const telling = composites.map((definition) => {
      const alarm = this.compositeAlarm(definition, names, named(names, marker), props);
      names.set(definition.id, alarm.alarmName);
      return { severity: definition.severity, arn: alarm.arn };
    });
    const single = alarms.filter(({ forEach }) => !forEach);
    const arns = (role: (role: AlarmDefinition["role"]) => boolean) =>
      single.filter((alarm) => role(alarm.role)).flatMap(({ id }) => metricAlarms.get(id)?.arn ?? []);
    this.tellingArns = [
      ...telling.filter(({ severity }) => severity === "page").map(({ arn }) => arn),
      ...telling.filter(({ severity }) => severity === "ticket").map(({ arn }) => arn),
      ...arns((role) => role === "ticket"),
    ];
    this.otherArns = arns((role) => role !== "ticket");
  }

  private metricAlarm(definition: AlarmDefinition, props: AlarmsProps): CloudwatchMetricAlarm {
    const { deployment, prefix, topicArns, runbookUrl } = props;
    const { id, section = id, role, forEach, threshold, missing, meaning, remedy } = definition;
    return new CloudwatchMetricAlarm(this, id, {
      alarmName: `${prefix}-${id}${forEach ? `-${forEach.value}` : ""}`,
      alarmDescription: `${meaning}. ${remedy}. Runbook: ${runbookUrl}#${section}`,
      ...(forEach && { forEach }),
      ...watched(definition),
      comparisonOperator: comparisonOperators[threshold.crossed],
      threshold: threshold.value,
      evaluationPeriods: threshold.periods,
      treatMissingData: missing,
      // The others speak through composites.
      ...(role === "ticket" && { alarmActions: [topicArns.ticket], okActions: [topicArns.ticket] }),
      tags: deployment.tags,
    });
  }

  private compositeAlarm(
    { id, severity, rule, meaning, remedy }: CompositeDefinition,
    names: ReadonlyMap<string, string>,
    marker: string,
    { deployment, prefix, topicArns, runbookUrl }: AlarmsProps,
  ): CloudwatchCompositeAlarm {
    return new CloudwatchCompositeAlarm(this, id, {
      alarmName: `${prefix}-${id}`,
      alarmDescription: `${meaning}. ${remedy}. Runbook: ${runbookUrl}#${id}`,
      alarmRule: written(rule, names),
      actionsSuppressor: {
        alarm: marker,
        waitPeriod: quietTime.wait[severity],
        extensionPeriod: quietTime.extension[severity],
      },
      alarmActions: [topicArns[severity]],
      okActions: [topicArns[severity]],
      tags: deployment.tags,
    });
  }
}

/** The alarm's source: one metric, or metric math. */
function watched(definition: AlarmDefinition): Partial<CloudwatchMetricAlarmConfig> {
  const { period } = definition.threshold;
  if ("metric" in definition) {
    const { metric, statistic } = definition;
    return {
      namespace: metric.namespace,
      metricName: metric.name,
      dimensions: { ...metric.dimensions },
      period,
      ...(statistic.startsWith("p")
        ? // With few values, a percentile is just the slowest one.
          { extendedStatistic: statistic, evaluateLowSampleCountPercentiles: "ignore" }
        : { statistic }),
    };
  }
  const last = Object.keys(definition.expressions).at(-1);
  return {
    metricQuery: [
      ...Object.entries(definition.metrics).map(([id, { metric, statistic }]) => ({
        id,
        metric: {
          namespace: metric.namespace,
          metricName: metric.name,
          dimensions: { ...metric.dimensions },
          period,
          stat: statistic,
        },
      })),
      ...Object.entries(definition.expressions).map(([id, expression]) => ({
        id,
        expression,
        label: id,
        ...(id === last && { returnData: true }),
      })),
    ],
  };
}

/** The rule in CloudWatch's syntax. */
function written(rule: Rule, names: ReadonlyMap<string, string>): string {
  if ("alarm" in rule) return `ALARM("${named(names, rule.alarm)}")`;
  if ("not" in rule) return `NOT ${written(rule.not, names)}`;
  const [word, rules] = "any" in rule ? ["OR", rule.any] : ["AND", rule.all];
  const all = rules.map((each) => written(each, names));
  return all.length === 1 ? String(all[0]) : `(${all.join(` ${word} `)})`;
}

function named(names: ReadonlyMap<string, string>, id: string): string {
  const name = names.get(id);
  if (name === undefined) throw new Error(`a composite names the alarm ${id}, which does not exist`);
  return name;
}
