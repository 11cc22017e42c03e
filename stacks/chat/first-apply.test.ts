import { describe, expect, it } from "@jest/globals";
import { withMessage } from "../../test/jest/with-message.ts";
import { environment, Template } from "./template.ts";

/** The stack adds every ingress rule to other owners' security groups. */
const development = new Template(environment({ ingressRules: {} }));
const withWorkers = new Template(
  environment({ workers: { sync: 2, client: 1, events: 1, streams: 1, media: 1, background: 1 } }),
);
const onSynapse = new Template(environment({ ingressRules: {}, mcp: { backend: "synapse" } }));

const rules = ["aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"];

/** Addresses of the resources that a resource refers to or names in `depends_on`, and of what those need. */
function needs(template: Template, address: string): ReadonlySet<string> {
  const known = new Set(template.addresses());
  const found = new Set<string>();
  const visit = (from: string) => {
    for (const to of JSON.stringify(template.resource(from)).match(/\baws_\w+\.\w+/g) ?? [])
      if (known.has(to) && !found.has(to) && to !== from) {
        found.add(to);
        visit(to);
      }
  };
  visit(address);
  return found;
}

/** Rules of a security group of ours, and those that let it in elsewhere. */
const rulesOf = (template: Template, group: string) =>
  rules.flatMap((type) =>
    Object.entries(template.resources(type))
      .filter(([, { security_group_id, referenced_security_group_id }]) =>
        [security_group_id, referenced_security_group_id].includes(`\${aws_security_group.${group}.id}`),
      )
      .map(([name]) => `${type}.${name}`),
  );

/** Versions of the secrets that the container of a service reads. */
function secretVersions(template: Template, service: string) {
  const definition = String(
    template.resource(`aws_ecs_task_definition.${service}_task`).container_definitions,
  );
  const secrets = new Set(definition.match(/aws_secretsmanager_secret\.\w+/g));
  return Object.entries(template.resources("aws_secretsmanager_secret_version"))
    .filter(([, { secret_id }]) => secrets.has(String(secret_id).replace(/^\$\{|\.id\}$/g, "")))
    .map(([name]) => `aws_secretsmanager_secret_version.${name}`);
}

describe("a service is made after what its tasks need, and destroyed before it", () => {
  const processes = Object.keys(withWorkers.resources("aws_ecs_service")).filter((name) =>
    /_homeserver$|_workers_/.test(name),
  );

  it.each(processes)("%s: every rule of Synapse's security group", (name) => {
    const needed = rulesOf(withWorkers, "chat_synapse_security_group").filter(
      (rule) =>
        // Only the worker that serves media mounts it, and only workers call other processes.
        (!/media/.test(rule) || /media/.test(name)) && (!/_processes$/.test(rule) || /workers/.test(name)),
    );
    expect(needed.length).toBeGreaterThan(6);
    expect([...needs(withWorkers, `aws_ecs_service.${name}`)]).toEqual(expect.arrayContaining(needed));
  });

  it("the homeserver without workers: also the rules of the media store", () => {
    const needed = rulesOf(development, "chat_synapse_security_group");
    expect(needed).toContain("aws_vpc_security_group_egress_rule.chat_synapse_to_media");
    expect(needed).toContain("aws_vpc_security_group_ingress_rule.chat_synapse_media_from_synapse");
    expect([...needs(development, "aws_ecs_service.chat_synapse_homeserver")]).toEqual(
      expect.arrayContaining(needed),
    );
  });

  it("the MCP server: the load balancer's way in, and its own way to Hasura or Synapse", () => {
    const service = "aws_ecs_service.chat_mcp_server_service";
    const fromAlb = "aws_vpc_security_group_ingress_rule.chat_mcp_server_from_alb";
    expect([...needs(development, service)]).toEqual(
      expect.arrayContaining([fromAlb, "aws_vpc_security_group_ingress_rule.hasura_from_ecs_tasks"]),
    );
    expect([...needs(onSynapse, service)]).toEqual(
      expect.arrayContaining([fromAlb, "aws_vpc_security_group_ingress_rule.chat_synapse_from_ecs_tasks"]),
    );
  });

  it("the admin UI: the load balancer's way in", () => {
    expect([...needs(development, "aws_ecs_service.chat_synapse_admin_ui")]).toContain(
      "aws_vpc_security_group_ingress_rule.chat_synapse_admin_ui_from_alb",
    );
  });

  it("every service: the values of the secrets that it reads", () => {
    for (const template of [development, withWorkers, onSynapse])
      for (const name of Object.keys(template.resources("aws_ecs_service")))
        withMessage(name, () =>
          expect([...needs(template, `aws_ecs_service.${name}`)]).toEqual(
            expect.arrayContaining(secretVersions(template, name)),
          ),
        );
    expect(secretVersions(development, "chat_mcp_server_service")).toEqual([
      "aws_secretsmanager_secret_version.chat_shared_clients_version",
      "aws_secretsmanager_secret_version.chat_mcp_server_sign_in_key_odd_version",
      "aws_secretsmanager_secret_version.chat_mcp_server_sign_in_key_even_version",
    ]);
  });

  it("every function in the VPC: the rules of the functions' security group", () => {
    const needed = rulesOf(development, "chat_lambdas");
    expect(needed).toHaveLength(5);
    for (const name of ["chat_link_preview_function", "chat_hasura_lite_user_provisioner"])
      expect([...needs(development, `aws_lambda_function.${name}`)]).toEqual(expect.arrayContaining(needed));
  });
});

describe("a container's log driver", () => {
  const options = (template: Template, task: string) => {
    const definition = String(template.resource(`aws_ecs_task_definition.${task}`).container_definitions);
    const [, mode, buffer] = /"mode" = "([a-z-]+)"(?:, "max-buffer-size" = "(\w+)")?/.exec(definition) ?? [];
    return { mode, buffer };
  };

  it.each([
    "chat_mcp_server_service_task",
    "chat_synapse_bootstrap",
    "chat_synapse_database_setup",
    "chat_hasura_lite_metadata",
    "chat_hasura_lite_migration",
  ])("loses no line of %s, whose log is a record", (task) => {
    expect(options(development, task)).toEqual({ mode: "blocking", buffer: undefined });
  });

  it("does not stop Synapse, its workers and the admin UI while CloudWatch Logs is down", () => {
    const tasks = Object.keys(withWorkers.resources("aws_ecs_task_definition")).filter((name) =>
      /_homeserver_task$|_workers_|_admin_ui_task$/.test(name),
    );
    expect(tasks.length).toBeGreaterThan(7);
    for (const task of tasks)
      expect([task, options(withWorkers, task)]).toEqual([task, { mode: "non-blocking", buffer: "25m" }]);
  });
});

it("the MCP server adds a task after one minute and removes one after five", () => {
  const policy = development.resource("aws_appautoscaling_policy.chat_mcp_server_scaling_policy");
  expect(policy.target_tracking_scaling_policy_configuration).toMatchObject({
    scale_out_cooldown: 60,
    scale_in_cooldown: 300,
  });
});

it("the name of a process inside the VPC leads to healthy tasks only", () => {
  const services = Object.values(withWorkers.resources("aws_service_discovery_service"));
  expect(services.length).toBeGreaterThan(2);
  for (const { health_check_custom_config } of services)
    expect(health_check_custom_config).toEqual({ failure_threshold: 1 });
});

it("the DNS record leaves the flattening of CNAME records to the zone's owner", () => {
  expect(development.resource("cloudflare_dns_record.dns_record")).toMatchObject({
    lifecycle: { ignore_changes: ["settings"] },
  });
});

describe("the rules in other owners' security groups", () => {
  const ours = {
    databaseFromSynapse: "chat_synapse_database_from_synapse",
    databaseFromLambdas: "chat_lambdas_database_ingress",
    hasuraFromLambdas: "chat_lambdas_hasura_ingress",
    hasuraFromEcsTasks: "hasura_from_ecs_tasks",
    mcpFromAlb: "chat_mcp_server_from_alb",
    adminUiFromAlb: "chat_synapse_admin_ui_from_alb",
  } as const;
  const ingress = (template: Template) =>
    Object.keys(template.resources("aws_vpc_security_group_ingress_rule"));

  it.each(Object.entries(ours))("leave %s to the platform where the environment says so", (rule, name) => {
    const without = new Template(environment({ ingressRules: { [rule]: "platform" } }));
    expect(ingress(without)).toEqual(ingress(development).filter((other) => other !== name));
  });

  it("are in development those that the platform's groups lack", () => {
    expect(
      ingress(new Template())
        .filter((name) => Object.values<string>(ours).includes(name))
        .sort(),
    ).toEqual(
      [
        ours.databaseFromSynapse,
        ours.databaseFromLambdas,
        ours.hasuraFromLambdas,
        ours.hasuraFromEcsTasks,
      ].sort(),
    );
  });
});

describe("the time that Terraform waits for a service", () => {
  it.each([
    ["chat_synapse_homeserver", "7m", "27m"],
    ["chat_synapse_admin_ui", "7m", "22m"],
    ["chat_mcp_server_service", "7m", "25m"],
  ])("of %s follows from its health check: %s at first, %s with a rollback", (name, create, update) => {
    expect(development.resource(`aws_ecs_service.${name}`).timeouts).toEqual({ create, update });
  });

  it("ends in a message that says where to look", () => {
    const [{ error_message }] = (
      development.resource("aws_ecs_service.chat_synapse_homeserver").lifecycle as {
        postcondition: [{ error_message: string }];
      }
    ).postcondition;
    expect(error_message).toContain("npm run ops -- status development");
    expect(error_message).toContain("/ecs/phenom-dev-synapse");
  });
});

describe("the user provisioner's reserved concurrency", () => {
  it("is an input that reserves nothing unless it is set, because new accounts refuse it", () => {
    expect(development.json.variable?.user_provisioner_concurrency).toMatchObject({
      type: "number",
      default: -1,
    });
    expect(development.resource("aws_lambda_function.chat_hasura_lite_user_provisioner")).toMatchObject({
      reserved_concurrent_executions: "${var.user_provisioner_concurrency}",
    });
  });
});

describe("secrets under customer managed keys", () => {
  const roles = Object.entries(development.resources("aws_iam_role_policy")).filter(([, { policy }]) =>
    String(policy).includes("secretsmanager:GetSecretValue"),
  );

  it.each(roles)("can be read by %s, through Secrets Manager only and only where there are keys", (_, {
    policy,
  }) => {
    expect(policy).toContain(
      '[for element in [{"Sid" = "DecryptSecrets", "Effect" = "Allow", "Action" = "kms:Decrypt", "Resource" = var.secret_kms_key_arns, ' +
        '"Condition" = {"StringEquals" = {"kms:ViaService" = "secretsmanager.us-east-1.amazonaws.com"}}}] : element if length(var.secret_kms_key_arns) > 0]',
    );
  });

  it("are read by execution roles and by functions", () => {
    expect(roles.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        "chat_mcp_server_service_task_execution_policy",
        "chat_link_preview_function_policy",
        "chat_hasura_lite_user_provisioner_policy",
      ]),
    );
  });
});

it("names of alarms say that they are the chat's, because the platform may watch the same things", () => {
  for (const { alarm_name } of Object.values(development.resources("aws_cloudwatch_metric_alarm")))
    expect(alarm_name).toMatch(/^phenom-dev-chat-/);
});
