import { ElasticacheReplicationGroup } from "@cdktf/provider-aws/lib/elasticache-replication-group";
import { ElasticacheSubnetGroup } from "@cdktf/provider-aws/lib/elasticache-subnet-group";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import type { TerraformResource } from "cdktf";
import { Construct } from "constructs";
import type { Deployment } from "../../../constructs/deployment.ts";
import type { Network } from "../../../constructs/fargate-service.ts";
import { checkedName } from "../../../constructs/names.ts";

export interface RedisProps {
  readonly deployment: Deployment;
  readonly network: Network;
  /** Security group of the tasks that connect; it gets the egress rule. */
  readonly clientSecurityGroupId: string;
  /** ElastiCache node type, such as `cache.t4g.micro`. */
  readonly nodeType: string;
}

const PORT = 6379;

/**
 * Redis, through which Synapse's processes notify each other of what they wrote, and a cache: no data must be kept.
 * Encrypted at rest and in transit. Security groups restrict who connects. There is no auth token, because the provider
 * would store it in Terraform's state.
 */
export class Redis extends Construct {
  /** Host name of the primary node; it stays the same after a failover. */
  readonly host: string;
  readonly port = PORT;
  /** Cache clusters of one node each, as metrics name them. A failover changes which one is the primary. */
  readonly nodes: readonly string[];
  /** Security group rules by which the clients reach it. */
  readonly rules: readonly TerraformResource[];

  constructor(scope: Construct, id: string, props: RedisProps) {
    super(scope, id);
    const { deployment, network, clientSecurityGroupId, nodeType } = props;
    const name = `${deployment.project}-synapse-redis`;
    const tcp = { ipProtocol: "tcp", fromPort: PORT, toPort: PORT };

    const securityGroup = new SecurityGroup(this, "security-group", {
      name,
      description: "Redis of Synapse and its workers",
      vpcId: network.vpcId,
      tags: deployment.tags,
    });
    const fromSynapse = new VpcSecurityGroupIngressRule(this, "from-synapse", {
      securityGroupId: securityGroup.id,
      description: "Redis from Synapse and its workers",
      referencedSecurityGroupId: clientSecurityGroupId,
      ...tcp,
      tags: deployment.tags,
    });
    const fromSynapseOut = new VpcSecurityGroupEgressRule(this, "from-synapse-out", {
      securityGroupId: clientSecurityGroupId,
      description: "Redis",
      referencedSecurityGroupId: securityGroup.id,
      ...tcp,
      tags: deployment.tags,
    });
    const subnets = new ElasticacheSubnetGroup(this, "subnets", {
      name,
      description: "Private subnets of the chat",
      subnetIds: network.privateSubnetIds,
      tags: deployment.tags,
    });
    // With a second node there is automatic failover; without one, the processes wait until the node is replaced.
    const standby = deployment.protectData;
    const count = standby ? 2 : 1;
    const group = new ElasticacheReplicationGroup(this, "Default", {
      replicationGroupId: checkedName(this, "Redis replication group", name),
      description: "Channel between Synapse's processes",
      engine: "redis",
      engineVersion: "7.1",
      nodeType,
      port: PORT,
      numCacheClusters: count,
      automaticFailoverEnabled: standby,
      multiAzEnabled: standby,
      atRestEncryptionEnabled: "true",
      transitEncryptionEnabled: true,
      transitEncryptionMode: "required",
      subnetGroupName: subnets.name,
      securityGroupIds: [securityGroup.id],
      snapshotRetentionLimit: 0,
      autoMinorVersionUpgrade: "true",
      applyImmediately: true,
      tags: deployment.tags,
    });
    this.rules = [fromSynapse, fromSynapseOut];
    this.host = group.primaryEndpointAddress;
    // ElastiCache gives these names to the members of a group without shards.
    this.nodes = Array.from({ length: count }, (_, index) => `${group.replicationGroupId}-00${index + 1}`);
  }
}
