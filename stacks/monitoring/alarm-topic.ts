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

/** Where alarms go: an encrypted topic that CloudWatch of this account publishes to, and who reads it by mail. */
export class AlarmTopic extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, deployment: Deployment, emails: string[]) {
    super(scope, id);
    const { project, region, accountId } = deployment;
    const name = `${project}-chat-alarms`;

    // Of our own, because the policy of the key that AWS manages for SNS keeps CloudWatch out.
    const key = new KmsKey(this, "key", {
      description: `Encrypts the alarms of ${project}`,
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
          // For whom is decided by the topic's policy: only what may be published there is encrypted with it.
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
    new SnsTopicPolicy(this, "policy", {
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

    this.arn = topic.arn;
  }
}
