import { DataAwsCallerIdentity } from "@cdktf/provider-aws/lib/data-aws-caller-identity";
import { LbTargetGroupAttachment } from "@cdktf/provider-aws/lib/lb-target-group-attachment";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { Fn, TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";
import { jsonencode } from "../../constructs/encode.ts";
import { GeneratedSecret } from "../../constructs/generated-secret.ts";
import { ImageRepository, pullImages } from "../../constructs/image-repository.ts";
import { Instance } from "../../constructs/instance.ts";
import { ListenerRule } from "../../constructs/listener-rule.ts";
import { script } from "../../constructs/script.ts";
import { SecurityGroup } from "../../constructs/security-group.ts";
import { TargetGroup } from "../../constructs/target-group.ts";
import { inputTable } from "../../environments/inputs.ts";
import { ReadableStack } from "../../stacks/addresses.ts";
import { inputVariable } from "../../stacks/input-variable.ts";
import { AlarmTopic } from "../../stacks/monitoring/alarm-topic.ts";
import { Alarms } from "../../stacks/monitoring/alarms.ts";
import { asTickets, groupAlarms, instanceAlarms } from "../../stacks/monitoring/service-alarms.ts";
import { thresholds } from "../../stacks/monitoring/thresholds.ts";

const PORT = 8000;
const REGION = "us-east-1";
/** Seconds: a WebSocket that reconnects within an hour meets the same instance. */
const STICKINESS = 3600;
const PRIORITY = 100;
const PROJECT = "shifter-dev";

/**
 * Faceplate, a chat on one EC2 instance behind the load balancer that Shifter's portal shares with it. Everything but
 * the instance itself is there already: network, load balancer and database come as inputs.
 */
export class Faceplate extends ReadableStack {
  constructor(scope: Construct) {
    super(scope, "example-faceplate");
    new AwsProvider(this, "aws", {
      region: REGION,
      defaultTags: [{ tags: { Project: PROJECT, Component: "faceplate" } }],
    });
    const { accountId } = new DataAwsCallerIdentity(this, "current");
    const deployment: Deployment = {
      project: PROJECT,
      environment: "dev",
      region: REGION,
      accountId,
      protectData: false,
      tags: {},
    };
    const name = `${PROJECT}-faceplate`;
    const { group, targets } = this.loadBalancing(deployment, name);
    const database = this.databaseSecret(deployment);
    const images = new ImageRepository(this, "images", { deployment, name: "shifter/faceplate", keep: 10 });

    const instance = new Instance(this, "instance", {
      deployment,
      name,
      instanceType: "t3.medium",
      imageId: this.text("image_id", "Image of Amazon Linux 2023", "^ami-[0-9a-f]+$"),
      subnetId: Fn.element(this.inputs.privateSubnetIds, 0),
      securityGroupIds: [group.id],
      userData: script("examples/faceplate/first-start.sh", {
        VERSION: this.text("release", "Version that the first start runs", "^[0-9a-z.-]+$"),
        DEPLOY: script("examples/faceplate/deploy.sh", {
          REGION,
          REPOSITORY: images.url,
          REGISTRY: Fn.element(Fn.split("/", images.url), 0),
          SECRET: database.arn,
          LOG_GROUP: `/ec2/${name}`,
        }),
      }),
      policy: [
        ...pullImages([images]),
        {
          Sid: "ReadDatabaseSecret",
          Effect: "Allow",
          Action: "secretsmanager:GetSecretValue",
          Resource: database.arn,
        },
      ],
      startsAfter: group.rules,
    });
    new LbTargetGroupAttachment(this, "attachment", {
      targetGroupArn: targets.arn,
      targetId: instance.privateIp,
      port: PORT,
    });
    this.alarms(deployment, instance, targets);
    new TerraformOutput(this, "deploy_command", {
      description: "Deploys a version, and rolls back by itself if that is not healthy",
      value: `aws ssm send-command --instance-ids ${instance.id} --document-name AWS-RunShellScript --parameters 'commands=["deploy <version>"]'`,
    });
  }

  private readonly inputs = {
    vpcId: inputVariable(this, inputTable.vpcId).string,
    privateSubnetIds: inputVariable(this, inputTable.privateSubnetIds).list,
    listenerArn: inputVariable(this, inputTable.albListenerArn).string,
    albArnSuffix: inputVariable(this, inputTable.albArnSuffix).string,
    albSecurityGroupId: inputVariable(this, inputTable.albSecurityGroupId).string,
    databaseHost: inputVariable(this, inputTable.rdsHost).string,
    databaseGroupId: inputVariable(this, inputTable.rdsSecurityGroupId).string,
    alarmEmails: inputVariable(this, inputTable.alarmEmails).list,
  };

  private text(name: string, description: string, pattern: string): string {
    return inputVariable(this, { name, type: "string", description, pattern, shape: description }).string;
  }

  private loadBalancing(deployment: Deployment, name: string) {
    const { vpcId, listenerArn, albSecurityGroupId, databaseGroupId } = this.inputs;
    const group = new SecurityGroup(this, "group", { deployment, name, description: "Faceplate", vpcId });
    group.allowFrom("alb", { group: albSecurityGroupId, port: PORT, description: "Load balancer" });
    group.allowTo("database", { group: databaseGroupId, port: 5432, description: "PostgreSQL" });
    group.allowTo("https", {
      cidrIpv4: "0.0.0.0/0",
      port: 443,
      description: "AWS APIs, Cognito and Bedrock",
    });
    const targets = new TargetGroup(this, "targets", {
      deployment,
      name,
      vpcId,
      port: PORT,
      healthPath: "/health",
      deregistrationDelay: 30,
      stickiness: STICKINESS,
    });
    new ListenerRule(this, "rule", {
      deployment,
      listenerArn,
      priority: PRIORITY,
      host: "shifter.example.com",
      paths: ["/chat*", "/ws*", "/static*"],
      action: { forwardTo: targets.arn },
    });
    return { group, targets };
  }

  private databaseSecret(deployment: Deployment): GeneratedSecret {
    const role = "faceplate_dev";
    return new GeneratedSecret(this, "database", {
      deployment,
      name: "faceplate/dev/db-credentials",
      description: "Faceplate's role in PostgreSQL",
      length: 32,
      version: 1,
      value: (password) =>
        jsonencode({
          username: role,
          password,
          host: this.inputs.databaseHost,
          url: `postgresql://${role}:${password}@${this.inputs.databaseHost}:5432/${role}`,
        }),
    });
  }

  private alarms(deployment: Deployment, instance: Instance, targets: TargetGroup): void {
    const { albArnSuffix, alarmEmails } = this.inputs;
    const topic = new AlarmTopic(this, "topic", {
      deployment,
      name: `${PROJECT}-faceplate-alarms`,
      emails: alarmEmails,
    });
    const subject = { id: "faceplate", name: "Faceplate", part: "platform", essential: true } as const;
    new Alarms(this, "alarm", {
      deployment,
      prefix: PROJECT,
      topicArns: { page: topic.arn, ticket: topic.arn },
      runbookUrl: "https://example.com/faceplate/runbook",
      alarms: asTickets([
        ...instanceAlarms(subject, instance.id),
        ...groupAlarms({ loadBalancer: albArnSuffix }, subject, targets.arnSuffix, thresholds.healthyHosts),
      ]),
    });
  }
}
