import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import type { TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import { foreignIngress } from "../../constructs/foreign-ingress.ts";
import { SYNAPSE_PORT } from "./homeserver/container.ts";
import type { ChatSynapseProps } from "./props.ts";

type SecurityGroupProps = Pick<
  ChatSynapseProps,
  "deployment" | "network" | "albSecurityGroupId" | "ecsTasksSecurityGroupId" | "database" | "ingressRules"
>;

/** Synapse's security group with its rules, and the rules that it needs in other owners' groups. */
export interface SynapseSecurityGroup {
  readonly securityGroup: SecurityGroup;
  /** They let a task reach its image, its log and the database. */
  readonly egressRules: readonly TerraformResource[];
  /** They let the load balancer and the ECS tasks reach the homeserver. */
  readonly ingressRules: readonly TerraformResource[];
}

export function synapseSecurityGroup(
  scope: Construct,
  name: string,
  props: SecurityGroupProps,
): SynapseSecurityGroup {
  const { deployment, database } = props;
  const group = new SecurityGroup(scope, "security-group", {
    name,
    description: "Synapse and its database setup task",
    vpcId: props.network.vpcId,
    tags: deployment.tags,
  });
  const tcp = (port: number) => ({ ipProtocol: "tcp", fromPort: port, toPort: port });

  const fromAlb = new VpcSecurityGroupIngressRule(scope, "from-alb", {
    securityGroupId: group.id,
    description: "Clients through the load balancer",
    referencedSecurityGroupId: props.albSecurityGroupId,
    ...tcp(SYNAPSE_PORT),
    tags: deployment.tags,
  });
  const fromEcsTasks = new VpcSecurityGroupIngressRule(scope, "from-ecs-tasks", {
    securityGroupId: group.id,
    description: "The MCP server and bootstrap",
    referencedSecurityGroupId: props.ecsTasksSecurityGroupId,
    ...tcp(SYNAPSE_PORT),
    tags: deployment.tags,
  });
  const toDatabase = new VpcSecurityGroupEgressRule(scope, "to-database", {
    securityGroupId: group.id,
    description: "PostgreSQL",
    referencedSecurityGroupId: database.securityGroupId,
    ...tcp(database.port),
    tags: deployment.tags,
  });
  const toHttps = new VpcSecurityGroupEgressRule(scope, "to-https", {
    securityGroupId: group.id,
    description: "Cognito, AWS APIs, the image registry and federation",
    cidrIpv4: "0.0.0.0/0",
    ...tcp(443),
    tags: deployment.tags,
  });
  const intoDatabase = foreignIngress(scope, "database-from-synapse", {
    deployment,
    owner: props.ingressRules.databaseFromSynapse,
    securityGroupId: database.securityGroupId,
    from: group.id,
    port: database.port,
    description: "PostgreSQL from Synapse",
  });
  return {
    securityGroup: group,
    egressRules: [toDatabase, toHttps, ...intoDatabase],
    ingressRules: [fromAlb, fromEcsTasks],
  };
}
