import { KmsAlias } from "@cdktf/provider-aws/lib/kms-alias";
import { KmsKey } from "@cdktf/provider-aws/lib/kms-key";
import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import { SnsTopicPolicy } from "@cdktf/provider-aws/lib/sns-topic-policy";
import { SnsTopicSubscription } from "@cdktf/provider-aws/lib/sns-topic-subscription";
import { TerraformIterator } from "cdktf";
import { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";
import { policyDocument } from "../../constructs/iam-policy.ts";

const cloudWatch = { Service: "cloudwatch.amazonaws.com" };

export interface AlarmTopicProps {
  readonly deployment: Deployment;
  /** Name of the topic. */
  readonly name: string;
  /** Mail addresses; each confirms its subscription once. */
  readonly emails: string[];
  /** HTTPS endpoints of a pager; each confirms its subscription by itself. @default - none */
  readonly endpoints?: string[];
}

/** Encrypted topic that this account's CloudWatch alarms publish to, and its subscriptions. */
export class AlarmTopic extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, { deployment, name, emails, endpoints }: AlarmTopicProps) {
    super(scope, id);
    const { region, accountId } = deployment;

    // A customer managed key, because the policy of the AWS managed key for SNS does not let CloudWatch use it.
    const key = new KmsKey(this, "key", {
      description: `Encrypts the messages of ${name}`,
      enableKeyRotation: true,
      policy: policyDocument(
        {
          Sid: "ManagedByAccount",
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${accountId}:root` },
          Action: "kms:*",
          Resource: "*",
        },
        {
          // The topic's policy restricts who publishes, and only published messages are encrypted with the key.
          Sid: "UsedByAlarms",
          Effect: "Allow",
          Principal: cloudWatch,
          Action: ["kms:Decrypt", "kms:GenerateDataKey*"],
          Resource: "*",
        },
      ),
      tags: deployment.tags,
    });
    new KmsAlias(this, "key-alias", { name: `alias/${name}`, targetKeyId: key.keyId });

    const topic = new SnsTopic(this, "Default", {
      name,
      displayName: name,
      kmsMasterKeyId: key.arn,
      tags: deployment.tags,
    });
    const policy = new SnsTopicPolicy(this, "policy", {
      arn: topic.arn,
      policy: policyDocument({
        Sid: "PublishedByAlarms",
        Effect: "Allow",
        Principal: cloudWatch,
        Action: "sns:Publish",
        Resource: topic.arn,
        Condition: {
          ArnLike: { "aws:SourceArn": `arn:aws:cloudwatch:${region}:${accountId}:alarm:*` },
          StringEquals: { "aws:SourceAccount": accountId },
        },
      }),
    });

    const addresses = TerraformIterator.fromList(emails);
    new SnsTopicSubscription(this, "mail", {
      forEach: addresses,
      topicArn: topic.arn,
      protocol: "email",
      endpoint: addresses.value,
    });

    if (endpoints) {
      const addresses = TerraformIterator.fromList(endpoints);
      new SnsTopicSubscription(this, "pager", {
        forEach: addresses,
        topicArn: topic.arn,
        protocol: "https",
        endpoint: addresses.value,
        endpointAutoConfirms: true,
      });
    }

    // The policy's, so that no alarm goes off before it may publish.
    this.arn = policy.arn;
  }
}
