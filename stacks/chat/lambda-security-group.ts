import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import type { TerraformResource } from "cdktf";
import { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";

export interface LambdaSecurityGroupProps {
  readonly deployment: Deployment;
  readonly vpcId: string;
  readonly database: { readonly securityGroupId: string; readonly port: number };
  /** Hasura runs among the platform's ECS tasks. */
  readonly hasura: { readonly securityGroupId: string; readonly port: number };
  /** Whether to add rules to security groups that others own. */
  readonly manageIngress: { readonly rds: boolean; readonly ecsTasks: boolean };
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
      { id: "database", what: "PostgreSQL", ...database, managed: props.manageIngress.rds },
      { id: "hasura", what: "Hasura", ...hasura, managed: props.manageIngress.ecsTasks },
    ];
    const rules: TerraformResource[] = [];
    for (const { id, what, securityGroupId, port, managed } of peers) {
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
      if (managed)
        rules.push(
          new VpcSecurityGroupIngressRule(this, `${id}-ingress`, {
            securityGroupId,
            description: `${what} from the Lambda functions of the chat`,
            referencedSecurityGroupId: group.id,
            ...tcp,
            tags: deployment.tags,
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
