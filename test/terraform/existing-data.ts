import type { EnvironmentData } from "../../environments/schema.ts";
import { MCP_SERVER_PORT } from "../../modules/chat-mcp-server/index.ts";

type Values = Readonly<Record<string, unknown>>;
/** Attributes of what exists, by data source type, as `terraform-offline check --data` takes them. */
export type ExistingData = Readonly<Record<string, readonly Values[]>>;

interface Rule {
  readonly group: unknown;
  readonly from: unknown;
  readonly port: unknown;
  readonly tags?: Readonly<Record<string, string>>;
}

/** The rules of security groups, each under an id of its own. */
export function securityGroupRules(rules: readonly Rule[]): ExistingData {
  const described = rules.map(({ group, from, port, tags = {} }, index) => ({
    security_group_rule_id: `sgr-${index}`,
    security_group_id: group,
    referenced_security_group_id: from,
    is_egress: false,
    ip_protocol: "tcp",
    from_port: port,
    to_port: port,
    tags,
  }));
  const groups = [...new Set(rules.map(({ group }) => group))];
  return {
    aws_vpc_security_group_rule: described,
    aws_vpc_security_group_rules: groups.map((group) => ({
      filter: [{ name: "group-id", values: [group] }],
      ids: described
        .filter(({ security_group_id }) => security_group_id === group)
        .map(({ security_group_rule_id }) => security_group_rule_id),
    })),
  };
}

/** What the platform of an environment has, by the environment's own data. */
export function existingData({ ingressRules = {} }: EnvironmentData, inputs: Values): ExistingData {
  const {
    ecs_tasks_security_group_id: group,
    alb_security_group_id: alb,
    rds_security_group_id: rds,
    rds_port,
    hasura_endpoint,
  } = inputs;
  const rule = (owner: string | undefined, from: unknown, port: number) =>
    owner === "platform" ? [{ group, from, port }] : [];
  return securityGroupRules([
    { group: rds, from: group, port: rds_port },
    ...rule(ingressRules.mcpFromAlb, alb, MCP_SERVER_PORT),
    ...rule(ingressRules.adminUiFromAlb, alb, 80),
    ...rule(ingressRules.hasuraFromEcsTasks, group, Number(/:(\d+)\//.exec(String(hasura_endpoint))?.[1])),
  ]);
}
