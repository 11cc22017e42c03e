import { describe, expect, it } from "@jest/globals";
import { production } from "../../environments/production.ts";
import { environment, Template } from "../../stacks/chat/template.ts";

const both = new Template();
const rule = (name: string, template = both) => template.resource(`aws_lb_listener_rule.${name}`);
const conditions = (name: string, template = both) =>
  (
    rule(name, template).condition as {
      host_header?: { values: string[] };
      path_pattern?: { values: string[] };
    }[]
  ).flatMap((condition) => [
    ...(condition.host_header?.values ?? []),
    ...(condition.path_pattern?.values ?? []),
  ]);
const actions = (name: string, template = both) => rule(name, template).action as Record<string, unknown>[];

/** Containers of a task definition as Terraform's expression, which is what a reviewer reads. */
const containers = (name: string, template = both) =>
  String(template.resource(`aws_ecs_task_definition.${name}`).container_definitions);

describe("the listener rules of Synapse", () => {
  it("send Synapse's paths on the server name to it", () => {
    expect(rule("chat_synapse_rule")).toMatchObject({ priority: 200 });
    expect(conditions("chat_synapse_rule")).toEqual([
      "chat-testing.thephenom.app",
      "/_matrix/*",
      "/_synapse/*",
      "/.well-known/matrix/*",
    ]);
    expect(actions("chat_synapse_rule")).toEqual([
      {
        type: "forward",
        order: 1,
        target_group_arn: "${aws_lb_target_group.chat_synapse_homeserver_target_group.arn}",
      },
    ]);
  });

  it("remove /chat-admin from requests to the admin UI, which serves at /", () => {
    expect(rule("chat_synapse_admin_ui_rule")).toMatchObject({
      priority: 201,
      transform: [
        {
          type: "url-rewrite",
          url_rewrite_config: { rewrite: { regex: "^/chat-admin/(.*)$", replace: "/$1" } },
        },
      ],
    });
    expect(conditions("chat_synapse_admin_ui_rule")).toEqual(["chat-testing.thephenom.app", "/chat-admin/*"]);
  });

  it("redirect /chat-admin to /chat-admin/", () => {
    expect(rule("chat_synapse_admin_ui_redirect")).toMatchObject({
      priority: 202,
      action: [{ type: "redirect", redirect: { path: "/chat-admin/", status_code: "HTTP_301" } }],
    });
  });
});

describe("admin access", () => {
  const admin = (adminAccess: "cognito" | "closed" | "open") => {
    const template = new Template(environment({ adminAccess }));
    return {
      template,
      api: actions("chat_synapse_admin_api_rule", template),
      ui: actions("chat_synapse_admin_ui_rule", template),
    };
  };

  it("by Cognito redirects the admin UI to the sign-in page and denies the admin API without a session", () => {
    const { api, ui, template } = admin("cognito");
    expect(rule("chat_synapse_admin_api_rule", template).priority).toBe(199);
    for (const [list, otherwise] of [
      [api, "deny"],
      [ui, "authenticate"],
    ] as const) {
      expect(list.map(({ type }) => type)).toEqual(["authenticate-cognito", "forward"]);
      expect(list[0]).toMatchObject({
        authenticate_cognito: {
          on_unauthenticated_request: otherwise,
          user_pool_client_id: "${aws_cognito_user_pool_client.chat_shared_admin_ui.id}",
        },
      });
    }
  });

  it("that is closed answers 403 on both paths, and neither admin UI nor client exist", () => {
    const { api, ui, template } = admin("closed");
    for (const list of [api, ui])
      expect(list).toMatchObject([{ type: "fixed-response", fixed_response: { status_code: "403" } }]);
    expect(Object.keys(template.resources("aws_ecs_service"))).not.toContain("chat_synapse_admin_ui");
    expect(Object.keys(template.resources("aws_cognito_user_pool_client"))).not.toContain(
      "chat_shared_admin_ui",
    );
  });

  it("that is open forwards everyone on both paths", () => {
    const { api, ui } = admin("open");
    expect([...api, ...ui].map(({ type }) => type)).toEqual(["forward", "forward"]);
  });

  it("keeps the rules' addresses in every mode", () => {
    const rules = (mode: "cognito" | "closed" | "open") =>
      Object.keys(admin(mode).template.resources("aws_lb_listener_rule"));
    expect(rules("closed")).toEqual(rules("cognito"));
    expect(rules("open")).toEqual(rules("cognito"));
  });
});

describe("the services", () => {
  it("never run two Synapse main processes on one database", () => {
    expect(both.resource("aws_ecs_service.chat_synapse_homeserver")).toMatchObject({
      name: "phenom-dev-synapse",
      desired_count: 1,
      deployment_minimum_healthy_percent: 0,
      deployment_maximum_percent: 100,
      availability_zone_rebalancing: "DISABLED",
    });
  });

  it.each([
    "chat_synapse_homeserver",
    "chat_synapse_admin_ui",
    "chat_mcp_server_service",
  ])("roll back by themselves, report it to Terraform and wait for their rules: %s", (name) => {
    const service = both.resource(`aws_ecs_service.${name}`);
    expect(service).toMatchObject({
      launch_type: "FARGATE",
      deployment_circuit_breaker: { enable: true, rollback: true },
      wait_for_steady_state: true,
      network_configuration: { assign_public_ip: false },
      lifecycle: {
        postcondition: [
          { condition: `\${self.task_definition == aws_ecs_task_definition.${name}_task.arn}` },
        ],
      },
    });
    expect(
      (service.depends_on as string[]).some((address) => address.startsWith("aws_lb_listener_rule.")),
    ).toBe(true);
  });

  it("take the sizes, ports and health checks of the specification", () => {
    const table = {
      homeserver: ["512", "1024", 8008, "/health", 60],
      admin_ui: ["256", "512", 80, "/", 30],
    } as const;
    for (const [name, [cpu, memory, port, healthPath, start]] of Object.entries(table)) {
      expect(both.resource(`aws_ecs_task_definition.chat_synapse_${name}_task`)).toMatchObject({
        cpu,
        memory,
        runtime_platform: { cpu_architecture: "X86_64", operating_system_family: "LINUX" },
      });
      expect(both.resource(`aws_lb_target_group.chat_synapse_${name}_target_group`)).toMatchObject({
        port,
        health_check: { path: healthPath, interval: 30, timeout: 5, unhealthy_threshold: 3 },
      });
      expect(containers(`chat_synapse_${name}_task`)).toContain(
        `"interval" = 30, "timeout" = 5, "retries" = 3, "startPeriod" = ${start}`,
      );
    }
  });

  it("have an address inside the VPC", () => {
    expect(both.resource("aws_ecs_service.chat_synapse_homeserver").service_registries).toEqual({
      registry_arn: "${aws_service_discovery_service.chat_synapse_discovery.arn}",
    });
    const synapse = new Template(environment({ mcp: { backend: "synapse" } }));
    expect(containers("chat_mcp_server_service_task", synapse)).toContain(
      '"SYNAPSE_URL", "value" = "http://synapse.${aws_service_discovery_private_dns_namespace.chat_synapse_namespace.name}:8008"',
    );
  });
});

describe("Synapse's container", () => {
  const definition = containers("chat_synapse_homeserver_task");

  it("has a read-only root file system, an init process and time to stop", () => {
    expect(definition).toContain('"readonlyRootFilesystem" = true');
    expect(definition).toContain('"initProcessEnabled" = true');
    expect(definition).toContain('"stopTimeout" = 60');
  });

  it("gets its secrets by ARN and version, never by value", () => {
    for (const [variable, secret] of [
      ["SYNAPSE_SIGNING_KEY", "chat_synapse_secret_signing_key"],
      ["SYNAPSE_CONFIG_YAML", "chat_synapse_homeserver_config"],
    ])
      expect(definition).toContain(
        `{"name" = "${variable}", "valueFrom" = "\${aws_secretsmanager_secret.${secret}.arn}:::\${aws_secretsmanager_secret_version.${secret}_version.version_id}"}`,
      );
  });

  it("is pulled with the registry's credentials", () => {
    expect(definition).toContain(
      '"repositoryCredentials" = {"credentialsParameter" = var.dockerhub_credentials_arn}',
    );
  });
});

describe("values that are taken over from a homeserver that ran before", () => {
  const secretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:phenom-dev-before-AbCdEf";
  const template = new Template(
    environment({
      takeOver: {
        synapseSigningKey: { secretArn },
        synapseDatabasePassword: { secretArn, key: "database.args.password" },
        synapseBotPassword: { secretArn, key: "bot_password" },
      },
    }),
  );
  const read = (secret: string) =>
    `ephemeral.aws_secretsmanager_secret_version.chat_synapse_secret_${secret}.secret_string`;
  const written = (secret: string) =>
    template.resource(`aws_secretsmanager_secret_version.chat_synapse_secret_${secret}_version`);

  it("are read by the secret's ARN, and only these", () => {
    expect(template.json.ephemeral?.["aws_secretsmanager_secret_version"]).toEqual({
      chat_synapse_secret_signing_key: { secret_id: secretArn },
      chat_synapse_secret_database_password: { secret_id: secretArn },
      chat_synapse_secret_bot: { secret_id: secretArn },
    });
    expect(Object.keys(template.json.ephemeral?.["random_password"] ?? {})).not.toContain(
      "chat_synapse_secret_signing_key",
    );
  });

  it("go into write-only arguments, so that no state and no plan has them", () => {
    expect(written("signing_key")).toMatchObject({
      secret_string_wo: `\${trimspace(${read("signing_key")})}`,
      secret_string_wo_version: 1,
    });
    expect(written("database_password").secret_string_wo).toBe(
      `\${trimspace(yamldecode(${read("database_password")})["database"]["args"]["password"])}`,
    );
    expect(written("bot").secret_string_wo).toContain(`"password" = trimspace(yamldecode(${read("bot")})`);
    for (const secret of ["signing_key", "database_password", "bot"])
      expect(written(secret)).not.toHaveProperty("secret_string");
  });
});

describe("the optional inputs for sign-in, previews and former keys", () => {
  const template = new Template(
    environment({
      jwt: {
        keys: { keys: [{ kid: "k1", kty: "RSA", alg: "RS256", n: "AQAB", e: "AQAB" }] },
        audiences: ["1mobile"],
      },
      previewHosts: ["cdn.thephenom.app"],
      secretVersions: { synapseSigningKey: 2 },
      oldSigningKeys: [{ id: "ed25519:a_1", key: "B".repeat(43), expired: "2026-11-21T14:00:00Z" }],
    }),
  );
  const yaml = String(
    template.resource("aws_secretsmanager_secret_version.chat_synapse_homeserver_config_version")
      .secret_string,
  );

  it("are in the homeserver's configuration", () => {
    expect(yaml).toContain('"audiences" = ["1mobile"]');
    expect(yaml).toContain(String.raw`\"kid\":\"k1\"`);
    expect(yaml).toContain("cdn\\\\.thephenom");
    expect(yaml).toContain(
      `"ed25519:a_1" = {"key" = "${"B".repeat(43)}", "expired_ts" = ${Date.UTC(2026, 10, 21, 14)}}`,
    );
  });

  it("leave the configuration without these settings if they are absent", () => {
    const plain = String(
      both.resource("aws_secretsmanager_secret_version.chat_synapse_homeserver_config_version").secret_string,
    );
    for (const word of ["jwt_config", "old_signing_keys", "cdn"]) expect(plain).not.toContain(word);
  });
});

describe("the IAM rights", () => {
  const policy = (name: string) => String(both.resource(`aws_iam_role_policy.${name}`).policy);
  const tasks = Object.keys(both.resources("aws_ecs_task_definition"));

  it.each(tasks)("let the execution role of %s read the secrets of its task only", (task) => {
    const references = (text: string) =>
      [...text.matchAll(/(aws_secretsmanager_secret\.\w+\.arn|var\.\w+_(?:secret|credentials)_arn)/g)].map(
        ([, arn]) => arn,
      );
    expect(new Set(references(policy(`${task}_execution_policy`)))).toEqual(
      new Set(references(containers(task))),
    );
  });

  it.each(tasks)("let the execution role of %s write to its own log group only", (task) => {
    const groups = [
      ...policy(`${task}_execution_policy`).matchAll(/aws_cloudwatch_log_group\.(\w+)\.arn/g),
    ].map(([, name]) => name);
    expect(groups).toEqual([`${task}_log_group`]);
  });

  it("let only Synapse's task role mount the media store, over TLS", () => {
    const policy = String(both.resource("aws_efs_file_system_policy.chat_synapse_media_policy").policy);
    expect(policy.match(/"Principal" = \{[^}]*\}/g)).toEqual([
      '"Principal" = {"AWS" = aws_iam_role.chat_synapse_homeserver_task_role.arn}',
      '"Principal" = {"AWS" = "*"}',
    ]);
    expect(policy).toMatch(/"Effect" = "Deny".*"aws:SecureTransport" = "false"/);
    expect(policy).toContain("elasticfilesystem:AccessPointArn");
  });
});

describe("the media store", () => {
  it("is backed up every night, and each backup is kept for five weeks", () => {
    expect(both.resource("aws_backup_plan.chat_synapse_media_backup_plan").rule).toEqual([
      {
        rule_name: "nightly",
        target_vault_name: "${aws_backup_vault.chat_synapse_media_backup_vault.name}",
        schedule: "cron(0 5 * * ? *)",
        start_window: 60,
        completion_window: 480,
        lifecycle: { delete_after: 35 },
      },
    ]);
  });

  it("has backups that are deleted with a test environment and kept in production", () => {
    const vault = "aws_backup_vault.chat_synapse_media_backup_vault";
    expect(both.resource(vault)).toMatchObject({ force_destroy: true });
    expect(new Template(production).resource(vault)).toMatchObject({
      force_destroy: false,
      lifecycle: { prevent_destroy: true },
    });
  });

  it("is backed up by a role that may only back up and restore this file system", () => {
    expect(String(both.resource("aws_iam_role.chat_synapse_media_backup_role").assume_role_policy)).toContain(
      '"Principal" = {"Service" = "backup.amazonaws.com"}',
    );
    const policy = String(both.resource("aws_iam_role_policy.chat_synapse_media_backup_policy").policy);
    expect([...policy.matchAll(/"Resource" = ([^},]+)/g)].map(([, resource]) => resource)).toEqual([
      "aws_efs_file_system.chat_synapse_media.arn",
      "aws_backup_vault.chat_synapse_media_backup_vault.arn",
      '"arn:aws:backup:us-east-1:${data.aws_caller_identity.current.account_id',
    ]);
    expect(policy).toContain('"Action" = "backup:TagResource"');
  });

  it("is encrypted, backed up, mounted over TLS in every zone of the private subnets", () => {
    expect(both.resource("aws_efs_file_system.chat_synapse_media")).toMatchObject({ encrypted: true });
    expect(both.resource("aws_backup_selection.chat_synapse_media_backup_selection")).toMatchObject({
      plan_id: "${aws_backup_plan.chat_synapse_media_backup_plan.id}",
      resources: ["${aws_efs_file_system.chat_synapse_media.arn}"],
    });
    expect(both.resource("aws_efs_mount_target.chat_synapse_media_mount_target")).toMatchObject({
      for_each: expect.stringContaining("data.aws_subnet.chat_synapse_media_subnet[id].availability_zone"),
      subnet_id: "${each.value}",
    });
    expect(both.resource("aws_ecs_task_definition.chat_synapse_homeserver_task").volume).toContainEqual({
      name: "media",
      efs_volume_configuration: expect.objectContaining({ transit_encryption: "ENABLED" }),
    });
  });
});

describe("the function that keeps the members", () => {
  it("runs every four minutes for the user pool, and only its rule may invoke it", () => {
    expect(both.resource("aws_cloudwatch_event_rule.chat_synapse_members_sync_rule")).toMatchObject({
      name: "phenom-dev-chat-synapse-group-sync",
      schedule_expression: "rate(4 minutes)",
    });
    const { input } = both.resource("aws_cloudwatch_event_target.chat_synapse_members_sync_target");
    expect(String(input)).toContain('"task" = "groups"');
    expect(both.resource("aws_lambda_permission.chat_synapse_members_sync_permission")).toMatchObject({
      principal: "events.amazonaws.com",
      source_arn: "${aws_cloudwatch_event_rule.chat_synapse_members_sync_rule.arn}",
    });
  });

  it("reaches Synapse as the ECS tasks do, and reads the groups and one secret", () => {
    expect(both.resource("aws_lambda_function.chat_synapse_members")).toMatchObject({
      vpc_config: { security_group_ids: ["${var.ecs_tasks_security_group_id}"] },
    });
    const policy = String(both.resource("aws_iam_role_policy.chat_synapse_members_policy").policy);
    const allowed = [...policy.matchAll(/"([a-z0-9-]+:\w+)"/g)].map(([, action]) => action);
    expect(allowed.filter((action) => !/^(logs|ec2|lambda|kms):/.test(action ?? ""))).toEqual([
      "cognito-idp:ListUsersInGroup",
      "secretsmanager:GetSecretValue",
    ]);
    expect(policy).toContain("aws_secretsmanager_secret.chat_synapse_secret_admin_bot.arn");
  });
});
