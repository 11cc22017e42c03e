import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import type { Construct } from "constructs";
import type { Deployment } from "./deployment.ts";

/** Who adds a rule to another owner's security group: the chat, or that owner. */
export type RuleOwner = "chat" | "platform";

export interface ForeignIngressProps {
  readonly deployment: Deployment;
  readonly owner: RuleOwner;
  /** The group that the rule is in. */
  readonly securityGroupId: string;
  /** The group whose members it lets in. */
  readonly from: string;
  readonly port: number;
  /** What reaches what, and why. */
  readonly description: string;
}

/** An ingress rule in another owner's security group. Empty if that owner adds it. */
export const foreignIngress = (
  scope: Construct,
  id: string,
  { deployment, owner, securityGroupId, from, port, description }: ForeignIngressProps,
): VpcSecurityGroupIngressRule[] =>
  owner === "platform"
    ? []
    : [
        new VpcSecurityGroupIngressRule(scope, id, {
          securityGroupId,
          description,
          referencedSecurityGroupId: from,
          ipProtocol: "tcp",
          fromPort: port,
          toPort: port,
          tags: deployment.tags,
        }),
      ];
