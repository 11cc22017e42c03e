import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import type { TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import { ADMIN_UI_PORT } from "./admin-ui/ui.ts";
import { SYNAPSE_PORT } from "./homeserver/container.ts";
import type { ChatSynapseProps } from "./props.ts";

type SecurityGroupProps = Pick<
  ChatSynapseProps,
  | "deployment"
  | "network"
  | "albSecurityGroupId"
  | "ecsTasksSecurityGroupId"
  | "database"
  | "manageIngress"
  | "adminAccess"
>;

/**
 * Synapse's security group, and the rules that it needs in groups of others.
 *
 * @returns also the rules that a task in the group needs to reach its image, its log and the database
 */
export function synapseSecurityGroup(
  scope: Construct,
  name: string,
  props: SecurityGroupProps,
): { securityGroup: SecurityGroup; egressRules: readonly TerraformResource[] } {
  const { deployment, database } = props;
  const group = new SecurityGroup(scope, "security-group", {
    name,
    description: "Synapse and its database setup task",
    vpcId: props.network.vpcId,
    tags: deployment.tags,
  });
  const tcp = (port: number) => ({ ipProtocol: "tcp", fromPort: port, toPort: port });

  new VpcSecurityGroupIngressRule(scope, "from-alb", {
    securityGroupId: group.id,
    description: "Clients through the load balancer",
    referencedSecurityGroupId: props.albSecurityGroupId,
    ...tcp(SYNAPSE_PORT),
    tags: deployment.tags,
  });
  new VpcSecurityGroupIngressRule(scope, "from-ecs-tasks", {
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
  const intoDatabase = props.manageIngress.rds
    ? [
        new VpcSecurityGroupIngressRule(scope, "database-from-synapse", {
          securityGroupId: database.securityGroupId,
          description: "PostgreSQL from Synapse",
          referencedSecurityGroupId: group.id,
          ...tcp(database.port),
          tags: deployment.tags,
        }),
      ]
    : [];
  if (props.manageIngress.ecsTasks && props.adminAccess.mode !== "closed")
    new VpcSecurityGroupIngressRule(scope, "admin-ui-from-alb", {
      securityGroupId: props.ecsTasksSecurityGroupId,
      description: "Synapse admin UI from the load balancer",
      referencedSecurityGroupId: props.albSecurityGroupId,
      ...tcp(ADMIN_UI_PORT),
      tags: deployment.tags,
    });
  return { securityGroup: group, egressRules: [toDatabase, toHttps, ...intoDatabase] };
}
