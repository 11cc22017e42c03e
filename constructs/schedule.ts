import { CloudwatchEventRule } from "@cdktf/provider-aws/lib/cloudwatch-event-rule";
import { CloudwatchEventTarget } from "@cdktf/provider-aws/lib/cloudwatch-event-target";
import { LambdaPermission } from "@cdktf/provider-aws/lib/lambda-permission";
import { Construct } from "constructs";
import type { Deployment } from "./deployment.ts";
import { jsonencode } from "./encode.ts";
import { checkedName } from "./names.ts";
import type { NodeLambda } from "./node-lambda.ts";

export interface ScheduleProps {
  readonly deployment: Deployment;
  readonly name: string;
  readonly description: string;
  /** Minutes from one run to the next. */
  readonly everyMinutes: number;
  /** Function that is invoked. */
  readonly fn: NodeLambda;
  /** Event that it gets. */
  readonly input: Readonly<Record<string, string | number | boolean>>;
}

/** Invokes a function regularly, by a rule of EventBridge. */
export class Schedule extends Construct {
  constructor(scope: Construct, id: string, props: ScheduleProps) {
    super(scope, id);
    const { deployment, name, description, everyMinutes, fn, input } = props;
    const rule = new CloudwatchEventRule(this, "rule", {
      name: checkedName(this, "EventBridge rule", name),
      description,
      scheduleExpression: `rate(${everyMinutes} ${everyMinutes === 1 ? "minute" : "minutes"})`,
      tags: deployment.tags,
    });
    const permission = new LambdaPermission(this, "permission", {
      statementId: id,
      action: "lambda:InvokeFunction",
      functionName: fn.name,
      principal: "events.amazonaws.com",
      sourceArn: rule.arn,
    });
    new CloudwatchEventTarget(this, "target", {
      rule: rule.name,
      targetId: "function",
      arn: fn.arn,
      input: jsonencode(input),
      // A run that was missed is made up for by the next one.
      retryPolicy: { maximumEventAgeInSeconds: 60, maximumRetryAttempts: 0 },
      dependsOn: [permission],
    });
  }
}
