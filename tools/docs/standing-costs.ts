import { readFileSync } from "node:fs";
import { environments } from "../../environments/index.ts";
import type { EnvironmentData } from "../../environments/schema.ts";
import { Template } from "../../stacks/chat/template.ts";
import { PlatformTemplate } from "../../stacks/platform/template.ts";
import { PRICES_CHECKED } from "../ab/prices.ts";
import { standingCost } from "../terraform/standing-costs.ts";
import { between } from "./generated-part.ts";

export const COSTS_PAGE = "docs/from-an-empty-account.md";

const kinds: Readonly<Record<string, readonly string[]>> = {
  "NAT gateways with their addresses": ["aws_nat_gateway", "aws_eip"],
  "load balancer with its addresses": ["aws_lb"],
  "PostgreSQL with its storage": ["aws_db_instance"],
  "tasks of the services": ["aws_ecs_service"],
  "secrets, keys": ["aws_secretsmanager_secret", "aws_kms_key"],
  "alarms, dashboard": ["aws_cloudwatch_metric_alarm", "aws_cloudwatch_dashboard"],
};

type Templates = readonly (PlatformTemplate | Template)[];

const templates = (data: EnvironmentData): Templates => [new PlatformTemplate(data), new Template(data)];

/** US dollars a month of all resources of these types. */
function costOf(stacks: Templates, types: readonly string[]): number {
  let sum = 0;
  for (const template of stacks)
    for (const type of types)
      for (const body of Object.values(template.resources(type))) {
        const [, task] = /\$\{(aws_ecs_task_definition\.\w+)\./.exec(String(body.task_definition)) ?? [];
        sum += standingCost(type, body, task === undefined ? undefined : template.resource(task));
      }
  return sum;
}

const dollars = (value: number) => `$${value.toFixed(2)}`;

/** The page's table of what platform and chat cost a month. */
export function costsPage(): string {
  const synthesised = environments.map(templates);
  const rows = Object.entries(kinds).map(([kind, types]) => ({
    kind,
    costs: synthesised.map((stacks) => costOf(stacks, types)),
  }));
  const sums = environments.map((_, i) => rows.reduce((sum, { costs }) => sum + (costs[i] ?? 0), 0));
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return between(
    readFileSync(COSTS_PAGE, "utf8"),
    [
      line(["what", ...environments.map(({ environment }) => environment)]),
      line(["---", ...environments.map(() => "---:")]),
      ...rows.map(({ kind, costs }) => line([kind, ...costs.map(dollars)])),
      line(["**a month**", ...sums.map((sum) => `**${dollars(sum)}**`)]),
      "",
      `List prices of us-east-1 without free tier and discounts, checked on ${PRICES_CHECKED}.`,
    ].join("\n"),
    COSTS_PAGE,
  );
}
