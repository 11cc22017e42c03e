import { describe, expect, it } from "@jest/globals";
import { TerraformResource } from "cdktf";
import { production } from "../../environments/production.ts";
import type { EnvironmentData } from "../../environments/schema.ts";
import { ownedByPlatform } from "../../test/ingress-rules.ts";
import { withMessage } from "../../test/jest/with-message.ts";
import { irreplaceableTypes } from "../../tools/terraform/irreplaceable.ts";
import { environment, Template } from "./template.ts";

const both = new Template();
const synapseOnly = {
  implementations: { synapse: true, hasura: false },
  mcp: { backend: "synapse" },
} as const;
const hasuraOnly = { implementations: { synapse: false, hasura: true }, mcp: { backend: "hasura" } } as const;

/** Environments that differ only in which implementation runs, so that the MCP backend stays. */
const addresses = (changes: Partial<EnvironmentData>) =>
  new Template(environment({ adminAccess: "closed", ...changes })).addresses();

describe("turning an implementation off", () => {
  it.each([
    [
      "Synapse",
      { implementations: hasuraOnly.implementations, mcp: { backend: "hasura" } },
      { mcp: { backend: "hasura" } },
      /\.(chat_synapse_|chat_shared_synapse_oidc$|monitoring_alarm_synapse_|monitoring_synapse_log_|monitoring_alarm_a_|monitoring_alarm_\w+_a(_|$))/,
    ],
    [
      "Hasura",
      { implementations: synapseOnly.implementations, mcp: { backend: "synapse" } },
      { mcp: { backend: "synapse" } },
      /\.(chat_hasura_lite_|chat_link_preview_|chat_lambdas|hasura_from_ecs_tasks$|monitoring_alarm_(link_preview|user_provisioner|member_sync|token_enhancement|graphql|outbox|b)_|monitoring_alarm_\w+_b(_|$))/,
    ],
  ] as const)("%s removes its own resources only", (_, without, withBoth, own) => {
    const all = addresses(withBoth);
    expect(addresses(without)).toEqual(all.filter((address) => !own.test(address)));
  });

  it("changes nothing about the services that stay", () => {
    const without = new Template(
      environment({ implementations: hasuraOnly.implementations, adminAccess: "closed" }),
    );
    const all = new Template(environment({ adminAccess: "closed" }));
    const aboutAll = [
      "aws_secretsmanager_secret_version.chat_shared_clients_version",
      "aws_cloudwatch_dashboard.monitoring_dashboard",
      "aws_cloudwatch_composite_alarm.monitoring_alarm_platform_causes",
      "aws_cloudwatch_metric_alarm.monitoring_alarm_cognito_throttles",
      // It asks what there is.
      "aws_lambda_function.monitoring_outside_function",
    ];
    for (const address of without.addresses())
      if (!aboutAll.includes(address))
        expect([address, without.resource(address)]).toEqual([address, all.resource(address)]);
  });
});

describe("production", () => {
  const template = new Template(production);

  it("refuses to destroy data that can't be restored", () => {
    for (const type of [
      "aws_efs_file_system",
      "aws_backup_vault",
      "aws_secretsmanager_secret",
      "aws_cognito_user_pool_client",
      "aws_cloudwatch_log_group",
    ])
      for (const [name, body] of Object.entries(template.resources(type)))
        expect([`${type}.${name}`, body.lifecycle]).toMatchObject([
          `${type}.${name}`,
          { prevent_destroy: true },
        ]);
  });

  it("is read by these tests type by type, as CDKTF synthesises the whole", () => {
    const { resource = {} } = template.json;
    expect(Object.fromEntries(Object.keys(resource).map((type) => [type, template.resources(type)]))).toEqual(
      resource,
    );
  });

  it("protects no type that the report of a plan does not name as irreplaceable", () => {
    const protectedTypes = Object.entries(template.json.resource ?? {}).filter(([, resources]) =>
      Object.values(resources).some((each) => JSON.stringify(each).includes('"prevent_destroy":true')),
    );
    expect(protectedTypes.length).toBeGreaterThan(3);
    for (const [type] of protectedTypes) expect([...irreplaceableTypes.keys()]).toContain(type);
  });

  it("removes the data of an implementation that is unprotected and turned off", () => {
    const off = new Template({ ...production, ...hasuraOnly, unprotected: ["synapse"] });
    expect(off.addresses().filter((address) => address.includes("chat_synapse"))).toEqual([]);
  });

  it("has the same resources as development, except for what their settings differ in", () => {
    const { mcp, ingressRules = {} } = production;
    const same = environment({ mcp, ingressRules });
    expect(template.addresses()).toEqual(new Template(same).addresses());
  });
});

describe("the stack", () => {
  it("keeps its state in S3, encrypted, with S3's own lock", () => {
    expect(both.json.terraform?.backend?.s3).toEqual({
      bucket: "phenom-dev-terraform-state",
      key: "phenom-chat/development.tfstate",
      region: "us-east-1",
      encrypt: true,
      use_lockfile: true,
    });
  });

  it("pulls every image with the Docker Hub credentials, but none of another registry", () => {
    const withCredentials = (template: Template) =>
      Object.entries(template.resources("aws_ecs_task_definition"))
        .filter(([, { container_definitions }]) =>
          String(container_definitions).includes("repositoryCredentials"),
        )
        .map(([name]) => name);
    const all = Object.keys(both.resources("aws_ecs_task_definition"));
    expect(withCredentials(both)).toEqual(all);
    const images = {
      ...environment().images,
      postgres: {
        repository: "123456789012.dkr.ecr.us-east-1.amazonaws.com/docker-hub/library/postgres",
        tag: "16",
      },
      curl: { repository: "quay.io/curl/curl", tag: "8.17.0" },
    };
    const mixed = withCredentials(new Template(environment({ images })));
    expect(all.filter((name) => !mixed.includes(name)).sort()).toEqual([
      "chat_hasura_lite_metadata",
      "chat_hasura_lite_migration",
      "chat_synapse_database_setup",
    ]);
  });

  it("tags everything with project, environment, repository and module", () => {
    const [provider] = Object.values(both.json.provider?.aws ?? {});
    expect(provider?.default_tags).toEqual([
      {
        tags: {
          Project: "phenom-dev",
          Environment: "development",
          Repository: "Phenom-earth/phenom-chat",
          Module: "stack",
        },
      },
    ]);
    const { stack } = new Template(
      environment({ workers: { sync: 1, client: 1, events: 1, streams: 1, media: 1, background: 1 } }),
    );
    const taggable = stack.node
      .findAll()
      .filter((construct) => TerraformResource.isTerraformResource(construct))
      .filter((resource) => resource.terraformResourceType.startsWith("aws_") && "tagsInput" in resource);
    expect(taggable.length).toBeGreaterThan(100);
    const wrong = taggable.filter((construct) => {
      const { tagsInput } = construct as { tagsInput?: Record<string, string> };
      return tagsInput?.Module !== construct.node.path.split("/")[1];
    });
    expect(wrong.map(({ node }) => node.path)).toEqual([]);
  });

  it("names the server in a proxied record", () => {
    expect(both.resource("cloudflare_dns_record.dns_record")).toMatchObject({
      name: "chat-testing.thephenom.app",
      type: "CNAME",
      content: "${var.alb_dns_name}",
      proxied: true,
      ttl: 1,
    });
  });

  it("lets no address range in", () => {
    for (const [name, body] of Object.entries(both.resources("aws_vpc_security_group_ingress_rule")))
      withMessage(name, () => expect(body.referenced_security_group_id).toBeTruthy());
  });

  it("describes every security group and its rules", () => {
    for (const type of [
      "aws_vpc_security_group_ingress_rule",
      "aws_vpc_security_group_egress_rule",
      "aws_security_group",
    ])
      for (const [name, body] of Object.entries(both.resources(type)))
        withMessage(name, () => expect(body.description).toBeTruthy());
  });

  it("writes generated secrets through ephemeral values that Terraform resolves", () => {
    const { chat_shared_clients_version: fromCognito, ...others } = both.resources(
      "aws_secretsmanager_secret_version",
    );
    expect(fromCognito).not.toHaveProperty("secret_string");
    const generated = Object.values(others).filter((body) => body.secret_string_wo);
    expect(generated).not.toHaveLength(0);
    for (const body of generated) {
      expect(body.secret_string_wo).toMatch(/ephemeral\.random_password\.\w+\.result/);
      expect(body.secret_string_wo).not.toContain("$${");
      expect(body).not.toHaveProperty("secret_string");
    }
  });

  it("adds no rules to other owners' security groups if the platform owns them", () => {
    const alone = new Template(environment({ ingressRules: ownedByPlatform }));
    for (const [name, body] of Object.entries(alone.resources("aws_vpc_security_group_ingress_rule")))
      withMessage(name, () =>
        expect(String(body.security_group_id)).not.toMatch(/var\.(rds|ecs_tasks)_security_group_id/),
      );
  });

  it("outputs the configuration of the mobile app", () => {
    expect(both.json.output?.chatConfig?.value).toEqual({
      synapse: {
        homeserverUrl: "https://chat-testing.thephenom.app",
        serverName: "chat-testing.thephenom.app",
      },
      hasura: {
        httpEndpoint: "https://chat-testing.thephenom.app${var.hasura_public_path}",
        wsEndpoint: "wss://chat-testing.thephenom.app${var.hasura_public_path}",
      },
      cognito: {
        userPoolId: "${var.cognito_user_pool_id}",
        region: "us-east-1",
        clientId: "${aws_cognito_user_pool_client.chat_shared_synapse_oidc.id}",
        domain: "${var.cognito_domain}.auth.us-east-1.amazoncognito.com",
        signOutUrl:
          "https://${var.cognito_domain}.auth.us-east-1.amazoncognito.com/logout?client_id=${aws_cognito_user_pool_client.chat_shared_synapse_oidc.id}&logout_uri=phenomapp%3A%2F%2Fchat%2Fsigned-out",
      },
      rooms: {
        internal: "550e8400-e29b-41d4-a716-446655440001",
        partners: "550e8400-e29b-41d4-a716-446655440002",
        community: "550e8400-e29b-41d4-a716-446655440003",
      },
    });
  });
});

const value = (name: string) => both.json.output?.[name]?.value as Record<string, Record<string, unknown>>;

describe("the outputs for operations", () => {
  it("describe the desired state of each service", () => {
    expect(value("services").mcp).toEqual({
      name: "${aws_ecs_service.chat_mcp_server_service.name}",
      container: "phenom-dev-chat-mcp",
      image: "applepublicdotcom/phenom-chat-mcp:${var.mcp_image_tag}",
      task_definition: "${aws_ecs_task_definition.chat_mcp_server_service_task.arn}",
      target_group: "${aws_lb_target_group.chat_mcp_server_service_target_group.arn}",
      log_group: "${aws_cloudwatch_log_group.chat_mcp_server_service_task_log_group.name}",
      least_tasks: 1,
      most_tasks: 2,
    });
    expect(value("services").synapse).toMatchObject({ most_tasks: 1 });
  });

  it("name every resource that a one-shot task needs before the rest is applied", () => {
    for (const [part, { addresses }] of Object.entries(value("one_shot_tasks")))
      for (const address of addresses as string[])
        withMessage(`${part}: ${address}`, () => expect(both.addresses()).toContain(address));
    expect(value("one_shot_tasks").database_setup?.addresses).toEqual([
      "aws_ecs_task_definition.chat_synapse_database_setup",
      "aws_iam_role_policy.chat_synapse_database_setup_execution_policy",
      "aws_vpc_security_group_egress_rule.chat_synapse_to_database",
      "aws_vpc_security_group_egress_rule.chat_synapse_to_https",
      "aws_vpc_security_group_ingress_rule.chat_synapse_database_from_synapse",
    ]);
  });

  it("refer only to resources that exist once the one-shot tasks of the database are applied", () => {
    const references = JSON.stringify(value("one_shot_tasks")).match(/\$\{(?!var\.|data\.)[^}]+\}/g);
    expect(references).toEqual(["${aws_security_group.chat_synapse_security_group.id}"]);
  });

  it("describe every rule of the listener", () => {
    expect(Object.keys(value("listener_rules")).sort()).toEqual(
      Object.keys(both.resources("aws_lb_listener_rule")).sort(),
    );
    expect(value("listener_rules").chat_synapse_admin_api_rule).toMatchObject({
      priority: 199,
      host: "chat-testing.thephenom.app",
      paths: ["/_synapse/admin/*"],
      actions: ["authenticate-cognito", "forward"],
    });
  });

  it("leave out what does not run in the environment", () => {
    const { output } = new Template(environment(hasuraOnly)).json;
    expect(Object.keys(output?.one_shot_tasks?.value as object)).toEqual(["migration", "metadata"]);
    expect(Object.keys(output?.services?.value as object)).toEqual(["mcp"]);
  });
});

describe("task definitions", () => {
  it("stay registered when a newer one replaces them, so that a service can be rolled back", () => {
    for (const [name, body] of Object.entries(both.resources("aws_ecs_task_definition")))
      expect([name, body.skip_destroy]).toEqual([name, true]);
  });
});
