import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm";
import { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";
import type { AlarmDefinition } from "./alarm-definition.ts";

export interface AlarmsProps {
  readonly deployment: Deployment;
  /** Start of the alarms' names. */
  readonly prefix: string;
  /** Topic that is notified when an alarm starts and when it ends. */
  readonly topicArn: string;
  /** Page with one section for each alarm. */
  readonly runbookUrl: string;
  readonly alarms: readonly AlarmDefinition[];
}

const comparisonOperators = {
  above: "GreaterThanThreshold",
  "at or above": "GreaterThanOrEqualToThreshold",
  below: "LessThanThreshold",
} as const;

/** One CloudWatch alarm for each definition. */
export class Alarms extends Construct {
  readonly arns: readonly string[];

  constructor(
    scope: Construct,
    id: string,
    { deployment, prefix, topicArn, runbookUrl, alarms }: AlarmsProps,
  ) {
    super(scope, id);
    this.arns = alarms.map(
      ({ id: alarm, section = alarm, metric, statistic, threshold, missing, ...text }) => {
        const percentile = statistic.startsWith("p");
        return new CloudwatchMetricAlarm(this, alarm, {
          alarmName: `${prefix}-${alarm}`,
          alarmDescription: `${text.meaning}. ${text.remedy}. Runbook: ${runbookUrl}#${section}`,
          namespace: metric.namespace,
          metricName: metric.name,
          dimensions: { ...metric.dimensions },
          ...(percentile
            ? // With few values, a percentile is just the slowest one.
              { extendedStatistic: statistic, evaluateLowSampleCountPercentiles: "ignore" }
            : { statistic }),
          comparisonOperator: comparisonOperators[threshold.crossed],
          threshold: threshold.value,
          period: threshold.period,
          evaluationPeriods: threshold.periods,
          treatMissingData: missing,
          alarmActions: [topicArn],
          okActions: [topicArn],
          tags: deployment.tags,
        }).arn;
      },
    );
  }
}
