import { IamInstanceProfile } from "@cdktf/provider-aws/lib/iam-instance-profile";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { Instance as AwsInstance } from "@cdktf/provider-aws/lib/instance";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import type { Deployment } from "./deployment.ts";
import { type PolicyStatement, policyDocument, trustService } from "./iam-policy.ts";
import { LogGroup } from "./log-group.ts";
import { ServiceRole } from "./service-role.ts";

export interface InstanceProps {
  readonly deployment: Deployment;
  readonly name: string;
  readonly instanceType: string;
  /** Image, which must have the agent of Systems Manager. */
  readonly imageId: string;
  readonly subnetId: string;
  readonly securityGroupIds: string[];
  /** Script that its first start runs. A change of it replaces the instance. */
  readonly userData: string;
  /** Statements of its role, in addition to Systems Manager and writing its log. @default - none */
  readonly policy?: readonly PolicyStatement[];
  /** GiB of its root volume, which goes with it. @default 30 */
  readonly rootStorage?: number;
  /** @default false */
  readonly publicAddress?: boolean;
  /** What its first start needs. @default - nothing */
  readonly startsAfter?: readonly ITerraformDependable[];
}

/** An EC2 instance without SSH: people reach it by Systems Manager, and programs on it use its role. */
export class Instance extends Construct {
  readonly id: string;
  readonly privateIp: string;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: InstanceProps) {
    super(scope, id);
    const { deployment, name } = props;
    this.logGroup = new LogGroup(this, "log-group", { deployment, name: `/ec2/${name}` });
    const role = new ServiceRole(this, "role", {
      deployment,
      name: `${name}-instance`,
      description: `What programs on ${name} may do`,
      assumeRolePolicy: trustService("ec2.amazonaws.com"),
    });
    const rights = [
      new IamRolePolicyAttachment(this, "systems-manager", {
        role: role.name,
        policyArn: "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
      }),
      new IamRolePolicy(this, "policy", {
        name: "instance",
        role: role.id,
        policy: policyDocument(this.logGroup.writeStatement, ...(props.policy ?? [])),
      }),
    ];
    const profile = new IamInstanceProfile(this, "profile", { name, role: role.name, tags: deployment.tags });
    const instance = new AwsInstance(this, "Default", {
      ami: props.imageId,
      instanceType: props.instanceType,
      subnetId: props.subnetId,
      vpcSecurityGroupIds: props.securityGroupIds,
      associatePublicIpAddress: props.publicAddress ?? false,
      iamInstanceProfile: profile.name,
      userData: props.userData,
      userDataReplaceOnChange: true,
      ebsOptimized: true,
      monitoring: true,
      // Requests forged through a program on it get no credentials; containers are one hop further.
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 2 },
      rootBlockDevice: {
        volumeSize: props.rootStorage ?? 30,
        volumeType: "gp3",
        encrypted: true,
        deleteOnTermination: true,
      },
      tags: { Name: name, ...deployment.tags },
      dependsOn: [...rights, ...(props.startsAfter ?? [])],
    });
    this.id = instance.id;
    this.privateIp = instance.privateIp;
  }
}
