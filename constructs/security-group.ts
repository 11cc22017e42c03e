import { SecurityGroup as AwsSecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import { Construct } from "constructs";
import type { Deployment } from "./deployment.ts";

export interface SecurityGroupProps {
  readonly deployment: Deployment;
  readonly name: string;
  readonly description: string;
  readonly vpcId: string;
}

/** A TCP rule for one peer: a security group, or else an address range. */
interface Rule {
  readonly port: number | "all";
  readonly description: string;
  readonly group?: string;
  readonly cidrIpv4?: string;
}

/** A security group whose rules are resources of their own, so that others can add theirs. */
export class SecurityGroup extends Construct {
  readonly id: string;
  readonly rules: (VpcSecurityGroupIngressRule | VpcSecurityGroupEgressRule)[] = [];
  readonly #deployment: Deployment;

  constructor(scope: Construct, id: string, { deployment, ...props }: SecurityGroupProps) {
    super(scope, id);
    this.#deployment = deployment;
    this.id = new AwsSecurityGroup(this, "Default", {
      ...props,
      tags: deployment.tags,
      // Outputs and rules of other stacks refer to it: a new one must exist before the old one goes.
      lifecycle: { createBeforeDestroy: true },
    }).id;
  }

  allowFrom(peer: string, rule: Rule): VpcSecurityGroupIngressRule {
    const made = new VpcSecurityGroupIngressRule(this, `from-${peer}`, this.config(rule));
    this.rules.push(made);
    return made;
  }

  allowTo(peer: string, rule: Rule): VpcSecurityGroupEgressRule {
    const made = new VpcSecurityGroupEgressRule(this, `to-${peer}`, this.config(rule));
    this.rules.push(made);
    return made;
  }

  private config({ port, description, group, cidrIpv4 }: Rule) {
    const [fromPort, toPort] = port === "all" ? [0, 65_535] : [port, port];
    return {
      securityGroupId: this.id,
      description,
      ipProtocol: "tcp",
      fromPort,
      toPort,
      ...(group !== undefined && { referencedSecurityGroupId: group }),
      ...(cidrIpv4 !== undefined && { cidrIpv4 }),
      tags: this.#deployment.tags,
    };
  }
}
