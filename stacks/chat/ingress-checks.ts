import { DataAwsVpcSecurityGroupRule } from "@cdktf/provider-aws/lib/data-aws-vpc-security-group-rule";
import { DataAwsVpcSecurityGroupRules } from "@cdktf/provider-aws/lib/data-aws-vpc-security-group-rules";
import { TerraformIterator } from "cdktf";
import { Construct } from "constructs";
import { expression } from "../../constructs/expression.ts";
import { MCP_SERVER_PORT } from "../../modules/chat-mcp-server/index.ts";
import { ADMIN_UI_PORT } from "../../modules/chat-synapse/admin-ui/ui.ts";
import type { ReadableStack } from "../addresses.ts";
import { hasuraPort } from "./lambda-security-group.ts";
import type { StackInputs } from "./modules.ts";

/** Expressions of a group, its rules, a peer and a port. */
interface Ingress {
  readonly group: string;
  readonly rules: string;
  readonly from: string;
  readonly port: string;
}

const fromPeer = (from: string) => `try(!r.is_egress && r.referenced_security_group_id == ${from}, false)`;
const includesPort = (port: string) =>
  `(try(r.ip_protocol == "-1", false) || try(r.from_port <= ${port} && ${port} <= r.to_port, false))`;
const onlyPort = (port: string) => `try(r.from_port == ${port} && r.to_port == ${port}, false)`;

const allowed = ({ rules, from, port }: Ingress) =>
  `anytrue([for r in ${rules} : ${fromPeer(from)} && ${includesPort(port)}])`;

/**
 * Compares the rules in other owners' security groups with what the environment says of their owners. The plan only warns,
 * because an owner may let the same peers in by other means, such as an address range. Rules for groups of this stack
 * can't be compared: those groups do not exist before the first apply.
 */
export class IngressChecks extends Construct {
  constructor(
    stack: ReadableStack,
    id: string,
    { environment, inputs }: StackInputs,
    /** Value of the tag `Repository` on rules of ours. */
    repository: string,
  ) {
    super(stack, id);
    const { environment: name, implementations, adminAccess, ingressRules } = environment;
    const inEcsTasks = {
      group: expression(this, inputs.ecsTasksSecurityGroupId),
      rules: this.rulesOf("ecs-tasks", inputs.ecsTasksSecurityGroupId),
    };
    const alb = expression(this, inputs.albSecurityGroupId);
    const { group: ecsTasks } = inEcsTasks;

    const warn = (rule: string, condition: string, message: string) =>
      stack.addOverride(
        `check.ingress_${rule.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}.assert`,
        { condition: `\${${condition}}`, error_message: `${name}: ${message}` },
      );
    const compare = (rule: keyof typeof ingressRules, from: string, port: string) => {
      const ingress = { ...inEcsTasks, from, port };
      const text = `a rule that lets \${${from}} in on port \${${port}}`;
      if (ingressRules[rule] === "platform")
        warn(
          rule,
          allowed(ingress),
          `ingressRules.${rule} says that the platform has ${text}, but the security group \${${ecsTasks}} has none. ` +
            `Ask its owner to add the rule, or set ingressRules.${rule} to "chat".`,
        );
      else
        warn(
          rule,
          `!anytrue([for r in ${ingress.rules} : ${fromPeer(from)} && ${onlyPort(port)} && try(r.tags["Repository"], "") != "${repository}"])`,
          `the security group \${${ecsTasks}} already has ${text}, and AWS refuses a second one ` +
            `(InvalidPermission.Duplicate). Set ingressRules.${rule} to "platform", or import the rule.`,
        );
    };

    compare("mcpFromAlb", alb, String(MCP_SERVER_PORT));
    if (implementations.synapse && adminAccess !== "closed")
      compare("adminUiFromAlb", alb, String(ADMIN_UI_PORT));
    if (!implementations.hasura) return;
    compare("hasuraFromEcsTasks", ecsTasks, expression(this, hasuraPort(inputs.hasuraEndpoint)));
    const intoDatabase = {
      group: expression(this, inputs.rdsSecurityGroupId),
      rules: this.rulesOf("rds", inputs.rdsSecurityGroupId),
      from: ecsTasks,
      port: expression(this, inputs.rdsPort),
    };
    warn(
      "databaseFromEcsTasks",
      allowed(intoDatabase),
      `the database's security group \${${intoDatabase.group}} has no rule that lets \${${ecsTasks}} in on port ` +
        `\${${intoDatabase.port}}: the migration task, which runs there as Hasura does, could not connect. Ask its owner ` +
        "to add the rule.",
    );
  }

  /** The rules of a group, as an expression. */
  private rulesOf(id: string, securityGroupId: string): string {
    const { ids } = new DataAwsVpcSecurityGroupRules(this, `${id}-ids`, {
      filter: [{ name: "group-id", values: [securityGroupId] }],
    });
    const each = TerraformIterator.fromList(ids);
    const { fqn } = new DataAwsVpcSecurityGroupRule(this, id, {
      forEach: each,
      securityGroupRuleId: each.value,
    });
    return `values(${fqn})`;
  }
}
