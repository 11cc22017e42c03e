import { FargateTask } from "../../constructs/fargate-task.ts";
import { NodeLambda } from "../../constructs/node-lambda.ts";
import { environment as linkPreview } from "../../lambdas/link-preview/environment.ts";
import { environment as outside } from "../../lambdas/outside/environment.ts";
import { environment as userProvisioner } from "../../lambdas/shared/provisioning/environment.ts";
import { environment as synapseMembers } from "../../lambdas/synapse-members/environment.ts";
import { environment as tokenEnhancement } from "../../lambdas/token-enhancement/environment.ts";
import { environmentSchema as bootstrap } from "../../mcp-server/bootstrap/environment.ts";
import { environmentSchema as mcpServer } from "../../mcp-server/environment.ts";
import { describeVariable, type EnvironmentSchema } from "../../shared/environment.ts";
import { environment, Template } from "../../stacks/chat/template.ts";

/** The programs that declare their variables. */
export const declared: Readonly<Record<string, EnvironmentSchema>> = {
  "link-preview": linkPreview,
  "token-enhancement": tokenEnhancement,
  "user-provisioner": userProvisioner,
  "member-sync": userProvisioner,
  "synapse-members": synapseMembers,
  outside,
  "phenom-dev-chat-bootstrap": bootstrap,
  "phenom-dev-chat-mcp": mcpServer,
};

/** Where Terraform takes a value from, in words. */
function origin(template: Template, value: string): string {
  const resolved = template.resolve(value);
  const references = [...resolved.matchAll(/\b(?:(var)\.(\w+)|((?:aws|data)_?\w*\.\w+(?:\.\w+)?))/g)].map(
    ([, kind, name, address]) => (kind ? `variable \`${name}\`` : `\`${address}\``),
  );
  if (!resolved.includes("${")) return `\`${resolved}\``;
  return [...new Set(references)].join(" and ") || "made by its module";
}

function secret(template: Template, arn: string, valueFrom: string): { from: string; description: string } {
  const [, name = ""] = /aws_secretsmanager_secret\.(\w+)\.arn/.exec(template.resolve(arn)) ?? [];
  const key = template
    .resolve(valueFrom)
    .replaceAll(/\$\{[^}]*\}/g, "")
    .split(":")[1];
  const suffix = key ? `, key \`${key}\`` : "";
  if (!name) return { from: `Secret of ${origin(template, arn)}${suffix}`, description: "" };
  const body = template.resource(`aws_secretsmanager_secret.${name}`);
  return { from: `Secret \`${body.name}\`${suffix}`, description: String(body.description) };
}

function table(
  title: string,
  program: string,
  rows: { name: string; from: string; description: string }[],
): string {
  const lines = rows
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, from, description }) => {
      const schema = declared[program];
      const meaning = (schema && describeVariable(schema, name).description) || description;
      return `| \`${name}\` | ${from} | ${(meaning || meaningOf(name)).replaceAll("|", "\\|")} |`;
    });
  return rows.length
    ? `## ${title}\n\n| variable | set from | what it is |\n| --- | --- | --- |\n${lines.join("\n")}\n`
    : `## ${title}\n\nReads no variables.\n`;
}

/** Variables of programs that are shell scripts, or not ours. */
const MEANINGS: Readonly<Record<string, string>> = {
  COGNITO_REGION: "Region of the user pool",
  COGNITO_USER_POOL_ID: "User pool whose groups decide who joins the private rooms",
  HASURA_ADMIN_SECRET: "Opens Hasura's metadata API",
  HASURA_ENDPOINT: "GraphQL endpoint of Hasura; its metadata API lies beside it",
  LINK_PREVIEW_URL: "Where Hasura's event trigger sends its events",
  SYNAPSE_DATABASE_NAME: "Database that is made for Synapse",
  SYNAPSE_DATABASE_USER: "Role that owns it",
  SYNAPSE_LOG_CONFIG_YAML: "Synapse's log configuration: JSON to stdout",
  SYNAPSE_SERVER_NAME: "Matrix server name",
  SYNAPSE_URL: "Synapse's address inside the VPC",
};
const meaningOf = (name: string) =>
  MEANINGS[name] ?? (name.startsWith("PG") ? "Read by psql itself (libpq)" : "");

/** The page of every variable that is set, for each container and function. */
export function environmentVariables(): string {
  const hasura = new Template();
  const synapse = new Template(environment({ mcp: { backend: "synapse" } }));
  const tasks = (template: Template) =>
    template.stack.node.findAll().filter((construct) => construct instanceof FargateTask);
  const container = (template: Template, { container, family }: FargateTask, title: string) =>
    table(title, family, [
      ...Object.entries(container.environment ?? {}).map(([name, value]) => ({
        name,
        from: origin(template, value),
        description: "",
      })),
      ...Object.entries(container.secrets ?? {}).map(([name, { secretArn, valueFrom }]) => ({
        name,
        ...secret(template, secretArn, valueFrom),
      })),
    ]);
  const functions = hasura.stack.node.findAll().filter((construct) => construct instanceof NodeLambda);
  return [
    "# Environment variables\n",
    "Every variable that a container or function of `development` reads, and who sets it. Written by `npm run docs`; do not edit.\n",
    ...functions.map((fn) =>
      table(
        `Function ${fn.handler}`,
        fn.handler,
        Object.entries(fn.environment).map(([name, value]) => ({
          name,
          from: origin(hasura, value),
          description: "",
        })),
      ),
    ),
    ...tasks(hasura).map((task) => container(hasura, task, `Container ${task.family}`)),
    ...tasks(synapse)
      .filter(({ family }) => family === "phenom-dev-chat-mcp")
      .map((task) => container(synapse, task, `Container ${task.family}, backend synapse`)),
  ].join("\n");
}
