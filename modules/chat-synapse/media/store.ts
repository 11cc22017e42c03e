import { DataAwsSubnet } from "@cdktf/provider-aws/lib/data-aws-subnet";
import type { EcsTaskDefinitionVolume } from "@cdktf/provider-aws/lib/ecs-task-definition";
import { EfsAccessPoint } from "@cdktf/provider-aws/lib/efs-access-point";
import { EfsFileSystem } from "@cdktf/provider-aws/lib/efs-file-system";
import { EfsFileSystemPolicy } from "@cdktf/provider-aws/lib/efs-file-system-policy";
import { EfsMountTarget } from "@cdktf/provider-aws/lib/efs-mount-target";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import { type ITerraformDependable, TerraformIterator } from "cdktf";
import { Construct } from "constructs";
import { type Deployment, stateful } from "../../../constructs/deployment.ts";
import { expression } from "../../../constructs/expression.ts";
import type { Network } from "../../../constructs/fargate-service.ts";
import { type PolicyStatement, policyDocument } from "../../../constructs/iam-policy.ts";
import { MediaBackup } from "./backup.ts";

export interface MediaStoreProps {
  readonly deployment: Deployment;
  readonly network: Network;
  /** Security group of the tasks that mount the file system. */
  readonly clientSecurityGroupId: string;
  /** User and group id that own the files. */
  readonly owner: number;
}

export const NFS_PORT = 2049;

/** File system for media that outlives every task: encrypted, backed up, mounted over TLS by one role only. */
export class MediaStore extends Construct {
  readonly fileSystemId: string;
  readonly securityGroupId: string;
  /** Name of the vault that holds its backups. */
  readonly backupVault: string;
  /** Statement for the role that mounts it. */
  readonly mountPolicy: PolicyStatement;
  /** Resources that must exist before a task can mount it. */
  readonly dependencies: ITerraformDependable[];
  private readonly accessPointId: string;
  private readonly fileSystemArn: string;

  constructor(
    scope: Construct,
    id: string,
    { deployment, network, clientSecurityGroupId, owner }: MediaStoreProps,
  ) {
    super(scope, id);
    const name = `${deployment.project}-synapse-media`;

    const fileSystem = new EfsFileSystem(this, "Default", {
      creationToken: name,
      encrypted: true,
      throughputMode: "elastic",
      lifecyclePolicy: [
        { transitionToIa: "AFTER_30_DAYS" },
        { transitionToPrimaryStorageClass: "AFTER_1_ACCESS" },
      ],
      tags: { Name: name, ...deployment.tags },
      ...stateful(deployment),
    });
    const backup = new MediaBackup(this, "backup", { deployment, name, fileSystemArn: fileSystem.arn });

    const accessPoint = new EfsAccessPoint(this, "access-point", {
      fileSystemId: fileSystem.id,
      posixUser: { uid: owner, gid: owner },
      rootDirectory: {
        path: "/synapse-media",
        creationInfo: { ownerUid: owner, ownerGid: owner, permissions: "0750" },
      },
      tags: { Name: name, ...deployment.tags },
    });

    const securityGroup = new SecurityGroup(this, "security-group", {
      name,
      description: "Mount targets of the Synapse media store",
      vpcId: network.vpcId,
      tags: deployment.tags,
    });
    const fromSynapse = new VpcSecurityGroupIngressRule(this, "from-synapse", {
      securityGroupId: securityGroup.id,
      description: "NFS from Synapse",
      referencedSecurityGroupId: clientSecurityGroupId,
      ipProtocol: "tcp",
      fromPort: NFS_PORT,
      toPort: NFS_PORT,
      tags: deployment.tags,
    });

    const mountTargets = new EfsMountTarget(this, "mount-target", {
      fileSystemId: fileSystem.id,
      subnetId: `\${each.value}`,
      securityGroups: [securityGroup.id],
    });
    mountTargets.addOverride("for_each", `\${ ${this.firstSubnetOfEachZone(network.privateSubnetIds)} }`);

    this.fileSystemId = fileSystem.id;
    this.fileSystemArn = fileSystem.arn;
    this.accessPointId = accessPoint.id;
    this.securityGroupId = securityGroup.id;
    this.backupVault = backup.vault;
    this.dependencies = [mountTargets, fromSynapse];
    this.mountPolicy = {
      Sid: "MountMedia",
      Effect: "Allow",
      Action: ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
      Resource: fileSystem.arn,
      Condition: { StringEquals: { "elasticfilesystem:AccessPointArn": accessPoint.arn } },
    };
  }

  /** A file system takes one mount target in each zone, which all subnets of the zone reach. */
  private firstSubnetOfEachZone(subnetIds: string[]): string {
    const subnets = TerraformIterator.fromList(subnetIds);
    const { fqn } = new DataAwsSubnet(this, "subnet", { forEach: subnets, id: subnets.value });
    const ids = expression(this, subnetIds);
    const zoneOf = (id: string) => `${fqn}[${id}].availability_zone`;
    return (
      `{ for zone in distinct([for id in ${ids} : ${zoneOf("id")}]) : ` +
      `zone => [for id in ${ids} : id if ${zoneOf("id")} == zone][0] }`
    );
  }

  /** The volume of a task that mounts the store with its own role. */
  volume(name: string): EcsTaskDefinitionVolume {
    return {
      name,
      efsVolumeConfiguration: {
        fileSystemId: this.fileSystemId,
        transitEncryption: "ENABLED",
        authorizationConfig: { accessPointId: this.accessPointId, iam: "ENABLED" },
      },
    };
  }

  /** Lets `roleArn` in and nobody else, and nobody without TLS. */
  allow(roleArn: string): void {
    const { Sid: _, ...mount } = this.mountPolicy;
    new EfsFileSystemPolicy(this, "policy", {
      fileSystemId: this.fileSystemId,
      policy: policyDocument(
        { Sid: "MountedBySynapse", ...mount, Principal: { AWS: roleArn } },
        {
          Sid: "TlsOnly",
          Effect: "Deny",
          Principal: { AWS: "*" },
          Action: "*",
          Resource: this.fileSystemArn,
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ),
    });
  }
}
