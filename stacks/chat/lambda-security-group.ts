import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { Fn, type TerraformResource } from "cdktf";
import { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";
import { foreignIngress, type RuleOwner } from "../../constructs/foreign-ingress.ts";

export interface LambdaSecurityGroupProps {
  readonly deployment: Deployment;
  readonly vpcId: string;
  readonly database: { readonly securityGroupId: string; readonly port: number };
  /** Hasura runs among the platform's ECS tasks. */
  readonly hasura: { readonly securityGroupId: string; readonly port: number };
  /** Who adds each ingress rule to other owners' groups. */
  readonly ingressRules: { readonly databaseFromLambdas: RuleOwner; readonly hasuraFromLambdas: RuleOwner };
}

/** Security group of the functions in the VPC: they reach the database, Hasura and HTTPS; nothing reaches them. */
export class LambdaSecurityGroup extends Construct {
  readonly id: string;
  /** Its rules, and those that let it in elsewhere. */
  readonly rules: readonly TerraformResource[];

  constructor(scope: Construct, id: string, props: LambdaSecurityGroupProps) {
    super(scope, id);
    const { deployment, database, hasura } = props;
    const name = `${deployment.project}-chat-lambdas`;
    const group = new SecurityGroup(this, "Default", {
      name,
      description: "Lambda functions of the chat",
      vpcId: props.vpcId,
      tags: deployment.tags,
    });

    const peers = [
      { id: "database", what: "PostgreSQL", ...database, owner: props.ingressRules.databaseFromLambdas },
      { id: "hasura", what: "Hasura", ...hasura, owner: props.ingressRules.hasuraFromLambdas },
    ];
    const rules: TerraformResource[] = [];
    for (const { id, what, securityGroupId, port, owner } of peers) {
      const tcp = { ipProtocol: "tcp", fromPort: port, toPort: port };
      rules.push(
        new VpcSecurityGroupEgressRule(this, `to-${id}`, {
          securityGroupId: group.id,
          description: what,
          referencedSecurityGroupId: securityGroupId,
          ...tcp,
          tags: deployment.tags,
        }),
      );
      rules.push(
        ...foreignIngress(this, `${id}-ingress`, {
          deployment,
          owner,
          securityGroupId,
          from: group.id,
          port,
          description: `${what} from the Lambda functions of the chat`,
        }),
      );
    }
    rules.push(
      new VpcSecurityGroupEgressRule(this, "to-https", {
        securityGroupId: group.id,
        description: "AWS APIs and the content query",
        cidrIpv4: "0.0.0.0/0",
        ipProtocol: "tcp",
        fromPort: 443,
        toPort: 443,
        tags: deployment.tags,
      }),
    );

    this.id = group.id;
    this.rules = rules;
  }
}

/** Port of Hasura, which runs in the ECS tasks' security group. */
export const hasuraPort = (endpoint: string): number =>
  Fn.tonumber(Fn.element(Fn.regex(":([0-9]+)/", endpoint), 0));
