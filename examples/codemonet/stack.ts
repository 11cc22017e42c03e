import { DataAwsCallerIdentity } from "@cdktf/provider-aws/lib/data-aws-caller-identity";
import { DlmLifecyclePolicy } from "@cdktf/provider-aws/lib/dlm-lifecycle-policy";
import { EbsVolume } from "@cdktf/provider-aws/lib/ebs-volume";
import { Eip } from "@cdktf/provider-aws/lib/eip";
import { EipAssociation } from "@cdktf/provider-aws/lib/eip-association";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { Route53Record } from "@cdktf/provider-aws/lib/route53-record";
import { VolumeAttachment } from "@cdktf/provider-aws/lib/volume-attachment";
import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { type Deployment, stateful } from "../../constructs/deployment.ts";
import { trustService } from "../../constructs/iam-policy.ts";
import { ImageRepository, pullImages } from "../../constructs/image-repository.ts";
import { Instance } from "../../constructs/instance.ts";
import { script } from "../../constructs/script.ts";
import { SecurityGroup } from "../../constructs/security-group.ts";
import { ServiceRole } from "../../constructs/service-role.ts";
import { inputTable } from "../../environments/inputs.ts";
import { ReadableStack } from "../../stacks/addresses.ts";
import { inputVariable } from "../../stacks/input-variable.ts";
import { AlarmTopic } from "../../stacks/monitoring/alarm-topic.ts";
import { Alarms } from "../../stacks/monitoring/alarms.ts";
import { asTickets, instanceAlarms } from "../../stacks/monitoring/service-alarms.ts";
import { Mail } from "./mail.ts";

const REGION = "us-east-1";
const PROJECT = "codemonet";
const DOMAIN = "dmfenton.net";
const HOST = `monet.${DOMAIN}`;
/** GiB; the data outlives the instance. */
const DATA_VOLUME = 10;
/** Images of each repository that are kept. */
const KEPT_IMAGES = 5;
/** Tag of the volumes that snapshots are made of. */
const BACKUP = { Backup: "true" };

/**
 * CodeMonet: one EC2 instance with its own address, that runs containers behind nginx and keeps its data on a volume; mail
 * by SES, snapshots, alarms.
 */
export class CodeMonet extends ReadableStack {
  constructor(scope: Construct) {
    super(scope, "example-codemonet");
    new AwsProvider(this, "aws", { region: REGION, defaultTags: [{ tags: { Project: PROJECT } }] });
    const { accountId } = new DataAwsCallerIdentity(this, "current");
    const deployment: Deployment = {
      project: PROJECT,
      environment: "production",
      region: REGION,
      accountId,
      protectData: true,
      tags: {},
    };
    const vpcId = inputVariable(this, inputTable.vpcId).string;
    const subnetId = this.text(
      "public_subnet_id",
      "Subnet with a route to the internet",
      "^subnet-[0-9a-f]+$",
    );
    const zoneId = this.text("zone_id", "Zone of Route 53", "^Z[A-Z0-9]+$");
    const emails = inputVariable(this, inputTable.alarmEmails).list;

    const group = this.webGroup(deployment, vpcId);
    const mail = new Mail(this, "mail", {
      deployment,
      domain: DOMAIN,
      zoneId,
      reportsTo: `postmaster@${DOMAIN}`,
    });
    const repositories = ["drawing-agent", "web-ssr"].map(
      (name) => new ImageRepository(this, name, { deployment, name, keep: KEPT_IMAGES }),
    );
    const instance = new Instance(this, "instance", {
      deployment,
      name: PROJECT,
      instanceType: "t3.small",
      imageId: this.text("image_id", "Image of Amazon Linux 2023", "^ami-[0-9a-f]+$"),
      subnetId,
      securityGroupIds: [group.id],
      userData: script("examples/codemonet/first-start.sh"),
      policy: [mail.sendStatement, ...pullImages(repositories)],
      startsAfter: group.rules,
    });
    this.dataVolume(deployment, instance);
    this.snapshots(deployment);

    const address = new Eip(this, "address", { domain: "vpc", tags: { Name: PROJECT } });
    new EipAssociation(this, "address-association", { instanceId: instance.id, allocationId: address.id });
    new Route53Record(this, "record", {
      zoneId,
      name: HOST,
      type: "A",
      ttl: 300,
      records: [address.publicIp],
    });
    this.alarms(deployment, instance, emails);
    new TerraformOutput(this, "shell_command", {
      description: "Opens a shell without SSH",
      value: `aws ssm start-session --target ${instance.id}`,
    });
  }

  private text(name: string, description: string, pattern: string): string {
    return inputVariable(this, { name, type: "string", description, pattern, shape: description }).string;
  }

  private webGroup(deployment: Deployment, vpcId: string): SecurityGroup {
    const group = new SecurityGroup(this, "group", {
      deployment,
      name: PROJECT,
      description: "Web server of CodeMonet",
      vpcId,
    });
    const anywhere = "0.0.0.0/0";
    group.allowFrom("https", { cidrIpv4: anywhere, port: 443, description: "HTTPS" });
    group.allowFrom("http", { cidrIpv4: anywhere, port: 80, description: "Redirect to HTTPS" });
    group.allowTo("https", { cidrIpv4: anywhere, port: 443, description: "AWS APIs, models and packages" });
    return group;
  }

  /** Stays when the instance is replaced. */
  private dataVolume(deployment: Deployment, instance: Instance): void {
    const volume = new EbsVolume(this, "data", {
      // Not the instance's attribute: that is unknown when it is replaced, and would replace the volume too.
      availabilityZone: this.text("availability_zone", "Zone of that subnet", `^${REGION}[a-f]$`),
      size: DATA_VOLUME,
      type: "gp3",
      encrypted: true,
      tags: { Name: `${PROJECT}-data`, ...BACKUP },
      ...stateful(deployment),
    });
    new VolumeAttachment(this, "data-attachment", {
      deviceName: "/dev/sdf",
      instanceId: instance.id,
      volumeId: volume.id,
      stopInstanceBeforeDetaching: true,
    });
  }

  private snapshots(deployment: Deployment): void {
    const role = new ServiceRole(this, "snapshots-role", {
      deployment,
      name: `${PROJECT}-snapshots`,
      description: "Makes and removes snapshots of volumes",
      assumeRolePolicy: trustService("dlm.amazonaws.com"),
    });
    new IamRolePolicyAttachment(this, "snapshots-rights", {
      role: role.name,
      policyArn: "arn:aws:iam::aws:policy/service-role/AWSDataLifecycleManagerServiceRole",
    });
    new DlmLifecyclePolicy(this, "snapshots", {
      description: "Nightly snapshots of the data",
      executionRoleArn: role.arn,
      state: "ENABLED",
      policyDetails: {
        resourceTypes: ["VOLUME"],
        targetTags: BACKUP,
        schedule: [
          {
            name: "nightly",
            createRule: { interval: 24, intervalUnit: "HOURS", times: ["05:00"] },
            retainRule: { count: 7 },
            copyTags: true,
          },
        ],
      },
    });
  }

  private alarms(deployment: Deployment, instance: Instance, emails: string[]): void {
    const topic = new AlarmTopic(this, "topic", { deployment, name: `${PROJECT}-alarms`, emails });
    new Alarms(this, "alarm", {
      deployment,
      prefix: PROJECT,
      topicArns: { page: topic.arn, ticket: topic.arn },
      runbookUrl: "https://example.com/codemonet/runbook",
      alarms: asTickets(
        instanceAlarms({ id: "web", name: "CodeMonet", part: "platform", essential: true }, instance.id),
      ),
    });
  }
}
