import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import type { Construct } from "constructs";
import { type Deployment, stateful } from "./deployment.ts";
import type { PolicyStatement } from "./iam-policy.ts";

/** Days that logs are kept, as in the neighbouring systems. */
const RETENTION_DAYS = 30;

export interface LogGroupProps {
  readonly deployment: Deployment;
  /** Such as `/ecs/phenom-dev-synapse` or `/aws/lambda/phenom-dev-link-preview`. */
  readonly name: string;
}

/** A log group with the project's retention. Production keeps it even after its writer is removed. */
export class LogGroup extends CloudwatchLogGroup {
  constructor(scope: Construct, id: string, { deployment, name }: LogGroupProps) {
    super(scope, id, {
      name,
      retentionInDays: RETENTION_DAYS,
      tags: deployment.tags,
      ...stateful(deployment),
    });
  }

  /** IAM statement that allows writing to this log group. */
  get writeStatement(): PolicyStatement {
    return {
      Sid: "WriteLog",
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: `${this.arn}:*`,
    };
  }
}
