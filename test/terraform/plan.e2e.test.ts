import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeAll, expect, it } from "@jest/globals";
import { parse } from "yaml";
import example from "../../environments/development.example.tfvars.json" with { type: "json" };
import { development } from "../../environments/development.ts";
import { production } from "../../environments/production.ts";
import type { EnvironmentData } from "../../environments/schema.ts";
import { metadataCommand } from "../../modules/chat-hasura-lite/metadata/task.ts";
import { migrationCommand } from "../../modules/chat-hasura-lite/migration-task.ts";
import { databaseSetupCommand } from "../../modules/chat-synapse/tasks/database-setup.ts";
import { ownedByPlatform } from "../ingress-rules.ts";
import { describeWith } from "../jest/describe-if.ts";
import { withMessage } from "../jest/with-message.ts";
import { requiredVariables } from "../task.ts";
import { folderOf } from "./configuration.ts";
import { enforcedRole } from "./enforced-role.ts";
import { check, type Run, type Synthesised, synthesised } from "./offline.ts";
import { passed } from "./passed.ts";
import { runTool } from "./tool.ts";

const onlySynapse = {
  implementations: { synapse: true, hasura: false },
  mcp: { backend: "synapse" },
  unprotected: ["hasura"],
} as const satisfies Partial<EnvironmentData>;
const onlyHasura = {
  implementations: { synapse: false, hasura: true },
  mcp: { backend: "hasura" },
  unprotected: ["synapse"],
} as const satisfies Partial<EnvironmentData>;
const passes = async (data: EnvironmentData, ...options: string[]): Promise<string> =>
  passed(await check(synthesised(data), ...options)).output;

// Development with A and B is applied further down, production with A and B and every kind of worker where its roles are
// looked at (test/security/iam/).
describeWith("terraform")("Terraform", () => {
  it("plans, applies, finds nothing left to do in, and destroys development with A alone: sync workers, open admin paths, sign-in by token, preview hosts, a former signing key", async () => {
    const data: EnvironmentData = {
      ...development,
      ...onlySynapse,
      adminAccess: "open",
      workers: { sync: 2 },
      jwt: {
        keys: { keys: [{ kid: "k1", kty: "RSA", alg: "RS256", n: "AQAB", e: "AQAB" }] },
        audiences: ["1example23456789"],
      },
      previewHosts: ["cdn.thephenom.app"],
      secretVersions: { synapseSigningKey: 2 },
      oldSigningKeys: [{ id: "ed25519:a_1", key: "B".repeat(43), expired: "2026-11-21T14:00:00Z" }],
    };
    expect(await passes(data)).toMatch(/ok {4}plan again .* No changes\./);
  });

  // Its resources are applied elsewhere, with A: a plan tells enough.
  it("plans production with B alone, without rules in other owners' security groups", async () => {
    const data = { ...production, ...onlyHasura, ingressRules: ownedByPlatform };
    expect(await passes(data, "--plan-only")).toMatch(/ok {4}plan .* to add, 0 to change, 0 to destroy/);
  });

  it("names the environment and the output that the remote state lacks, and refuses a floating image tag in production", async () => {
    const outputs = { ...production.inputs, outputs: { vpc_id: "network_vpc" } } as EnvironmentData["inputs"];
    const synth = synthesised({ ...production, inputs: outputs });
    const { code, output } = await check(synth, "--plan-only", "--var", "mcp_image_tag=testing");
    expect(code).not.toBe(0);
    expect(output).toContain(
      "production: inputs: the remote state s3://phenom-prod-terraform-state/phenom-infra/production.tfstate must have the output network_vpc (VPC of the platform)",
    );
    expect(output).toContain("mcp_image_tag names another image tomorrow");
  });

  it("refuses variables with an invalid value, and says why a name of Service Connect is one", async () => {
    const { code, output } = await check(
      synthesised(development),
      "--plan-only",
      "--var",
      "rds_endpoint=db.example.org:5432",
      "--var",
      "hasura_endpoint=http://phenom-dev-graphql:8080/v1/graphql",
    );
    expect(code).not.toBe(0);
    expect(output).toContain("rds_endpoint must be a host name with a dot, without port.");
    expect(output.replaceAll(/\s+/g, " ")).toContain(
      "hasura_endpoint must be http://<host>:<port>/v1/graphql, whose host has a dot: a single label is a name of ECS Service Connect, which neither Lambda functions nor one-shot tasks can resolve.",
    );
  });
});

const MCP_TASK = "chat_mcp_server_service_task";
const CONFIGURATION = "chat_synapse_homeserver_config_version";
const PASSWORD = "chat_synapse_secret_database_password_version";

/** Changes of development, each as a JSON patch, and what Terraform should touch for it. */
const mutations: readonly {
  readonly change: string;
  /** Path of the value in the synthesised JSON. */
  readonly path: readonly [type: string, name: string, argument: string];
  readonly value: (before: unknown) => unknown;
  readonly touched: readonly string[];
}[] = [
  {
    change: "a variable of the MCP server: task definition and service",
    path: ["aws_ecs_task_definition", MCP_TASK, "container_definitions"],
    value: replaced('"LOG_LEVEL", "value" = "info"', '"LOG_LEVEL", "value" = "debug"'),
    touched: [
      "aws_ecs_service.chat_mcp_server_service: update (task_definition)",
      "aws_ecs_task_definition.chat_mcp_server_service_task: delete, create (forced by container_definitions)",
    ],
  },
  {
    change: "a setting of Synapse: version of the configuration, task definition and service",
    path: ["aws_secretsmanager_secret_version", CONFIGURATION, "secret_string"],
    value: replaced('"burst_count" = 30', '"burst_count" = 31'),
    touched: [
      "aws_ecs_service.chat_synapse_homeserver: update (task_definition)",
      "aws_ecs_task_definition.chat_synapse_homeserver_task: delete, create (forced by container_definitions)",
      "aws_secretsmanager_secret_version.chat_synapse_homeserver_config_version: create, delete (forced by secret_string)",
    ],
  },
  {
    change: "the version of a generated secret: its value and the tasks that read it",
    path: ["aws_secretsmanager_secret_version", PASSWORD, "secret_string_wo_version"],
    value: () => 2,
    touched: [
      "aws_ecs_service.chat_synapse_homeserver: update (task_definition)",
      "aws_ecs_task_definition.chat_synapse_database_setup: delete, create (forced by container_definitions)",
      "aws_ecs_task_definition.chat_synapse_homeserver_task: delete, create (forced by container_definitions)",
      "aws_secretsmanager_secret_version.chat_synapse_secret_database_password_version: create, delete (forced by secret_string_wo_version)",
    ],
  },
];

function replaced(from: string, to: string) {
  return (before: unknown): string => {
    const parts = String(before).split(from);
    if (parts.length !== 2) throw new Error(`${from} stands ${parts.length - 1} times in ${before}`);
    return parts.join(to);
  };
}

/** Writes each change as a JSON patch. @returns the options of `check` */
function patches({ stack, out }: Synthesised): string[] {
  const { resource } = JSON.parse(readFileSync(path.join(stack, "cdk.tf.json"), "utf8"));
  return mutations.flatMap(({ path: [type, name, argument], value }, index) => {
    const file = path.join(out, `patch-${index}.json`);
    const operation = {
      op: "replace",
      path: `/resource/${type}/${name}/${argument}`,
      value: value(resource[type][name][argument]),
    };
    writeFileSync(file, JSON.stringify([operation]));
    return ["--mutate", file];
  });
}

describeWith("terraform")("development with A and B, inputs from variables", () => {
  let run: Run;
  let resources: { type: string; name: string; values: Record<string, unknown> }[];
  beforeAll(async () => {
    const synth = synthesised(development);
    const file = path.join(synth.out, "state.json");
    run = passed(await check(synth, "--state", file, ...patches(synth)));
    resources = JSON.parse(readFileSync(file, "utf8")).values.root_module.resources;
  });

  it("leaves nothing to do after the apply", () =>
    expect(run.output).toMatch(/ok {4}plan again .* No changes\./));

  it.each(
    mutations.map(({ change, touched }, index) => ({ change, touched, index })),
  )("changes only what depends on $change", ({ touched, index }) =>
    expect(run.touched[index]).toEqual(touched));

  it("holds no generated secret", () => {
    const kept = resources
      .filter(({ type, values }) => type === "aws_secretsmanager_secret_version" && values.secret_string)
      .map(({ name }) => name);
    // homeserver.yaml has no secret in it.
    expect(kept).toEqual(["chat_synapse_homeserver_config_version"]);
    expect(resources.filter(({ type }) => type === "random_password")).toEqual([]);
  });

  it.each([
    ["chat_hasura_lite_migration", migrationCommand()],
    ["chat_hasura_lite_metadata", metadataCommand()],
    ["chat_synapse_database_setup", databaseSetupCommand()],
  ])("%s runs the command that its tests run, with the variables that it requires", (name, command) => {
    const task = resources.find(
      (resource) => resource.type === "aws_ecs_task_definition" && resource.name === name,
    );
    const [container] = JSON.parse(String(task?.values.container_definitions));
    expect(container.command).toEqual(command);
    const variables = [...container.environment, ...container.secrets].map(
      (variable: { name: string }) => variable.name,
    );
    expect(variables.sort()).toEqual(requiredVariables(command).sort());
  });

  it("shows the alarms and metrics of its resources on the dashboard", () => {
    const dashboard = resources.find(({ type }) => type === "aws_cloudwatch_dashboard");
    const body = String(dashboard?.values.dashboard_body);
    const { widgets } = JSON.parse(body) as {
      widgets: { type: string; properties: { alarms?: string[] } }[];
    };
    // An alarm for each NAT gateway or replica is not in the list: how many there are is known at apply alone.
    const alarms = resources.filter(
      ({ type, values }) =>
        /^aws_cloudwatch_(metric|composite)_alarm$/.test(type) && !/-nat-/.test(String(values.alarm_name)),
    );
    expect(widgets.flatMap(({ properties }) => properties.alarms ?? []).sort()).toEqual(
      alarms.map(({ values }) => values.arn).sort(),
    );
    for (const { type, values } of resources) {
      if (type === "aws_lb_target_group") expect(body).toContain(`"TargetGroup","${values.arn_suffix}"`);
      if (type === "aws_ecs_service") expect(body).toContain(`"ServiceName","${values.name}"`);
      if (type === "aws_apigatewayv2_api") expect(body).toContain(`"ApiId","${values.id}"`);
    }
  });

  it("lets its functions decrypt secrets under the keys of the inputs", () => {
    const policy = resources.find(({ name }) => name === "chat_link_preview_function_policy");
    expect(JSON.parse(String(policy?.values.policy)).Statement.at(-1)).toMatchObject({
      Action: "kms:Decrypt",
      Resource: example.secret_kms_key_arns,
    });
  });

  it("configures Synapse with the settings that its tests use", () => {
    const version = resources.find(({ name }) => name === "chat_synapse_homeserver_config_version");
    expect(parse(String(version?.values.secret_string))).toMatchObject({
      server_name: "chat-testing.thephenom.app",
      rc_message: { per_second: 10, burst_count: 30 },
      enable_registration: false,
      database: { args: { port: 5432, host: "phenom-dev-db.cabcdefghijk.us-east-1.rds.amazonaws.com" } },
    });
  });
});

describeWith("terraform")("an apply with the deploying role but without one of its rights", () => {
  // One resource of each kind that needs more than one right to be made, under names and tags of development.
  const tags = { Project: development.project, Environment: development.environment };
  const folder = () =>
    folderOf({
      provider: { aws: [{ region: "us-east-1", default_tags: [{ tags }] }] },
      resource: {
        aws_cloudwatch_log_group: { group: { name: "/ecs/phenom-dev-chat-mcp", retention_in_days: 30 } },
        aws_kms_key: { key: { description: "Alarms", enable_key_rotation: true } },
        aws_kms_alias: {
          alias: { name: "alias/phenom-dev-chat", target_key_id: "${aws_kms_key.key.key_id}" },
        },
      },
    });
  const run = (without: string) => {
    const configuration = folder();
    return runTool([configuration, "check"], {
      env: { ...process.env, ...enforcedRole(configuration, development, without) },
    });
  };

  it.concurrent("ends at the resource, and names action, resource and statement", async () => {
    const { code, output } = await run("kms:TagResource");
    withMessage(output, () => expect(code).not.toBe(0));
    expect(output).toContain("FAIL  apply");
    expect(output).toContain("creating aws_kms_key: AccessDenied");
    expect(output.replaceAll(/\s+/g, " ")).toMatch(
      /assumed-role\/phenom-dev-pipeline-deploy\/terraform is not authorized to perform: kms:TagResource on resource: arn:aws:kms:us-east-1:123456789012:key\/\S+ because no identity-based policy allows the kms:TagResource action.* Missing statement: \{"Effect":"Allow","Action":"kms:TagResource","Resource":"arn:aws:kms:/,
    );
  });

  it.concurrent("ends its destroy at the resource", async () => {
    const { code, output } = await run("logs:DeleteLogGroup");
    withMessage(output, () => expect(code).not.toBe(0));
    expect(output).toContain("FAIL  destroy");
    expect(output).toContain("deleting aws_cloudwatch_log_group: AccessDenied");
  });
});
