import { describe, expect, it } from "@jest/globals";
import { allInputs } from "../../environments/inputs.ts";
import { production } from "../../environments/production.ts";
import { type EnvironmentData, parseEnvironment } from "../../environments/schema.ts";
import { withMessage } from "../../test/jest/with-message.ts";
import { environment } from "../chat/template.ts";
import { PlatformTemplate } from "./template.ts";

const development = new PlatformTemplate();
const inProduction = new PlatformTemplate(production);
const both = [
  ["development", development],
  ["production", inProduction],
] as const;

const withPlatform = (platform: EnvironmentData["platform"]) =>
  new PlatformTemplate(environment({ ...(platform && { platform }) }));
const blocks = (value: unknown) => value as Record<string, unknown>[];

describe.each(both)("the platform of %s", (_, template) => {
  const ingress = Object.entries(template.resources("aws_vpc_security_group_ingress_rule"));

  it("lets in HTTPS from Cloudflare at the load balancer, and otherwise only security groups of its own", () => {
    const fromRanges = ingress.filter(([, body]) => body.cidr_ipv4 !== undefined);
    expect(fromRanges.map(([name]) => name)).toEqual(["load_balancer_group_from_cloudflare"]);
    expect(fromRanges[0]?.[1]).toMatchObject({
      for_each: "${toset(data.cloudflare_ip_ranges.load_balancer_cloudflare.ipv4_cidrs)}",
      from_port: 443,
      to_port: 443,
    });
    for (const [name, body] of ingress)
      if (body.cidr_ipv4 === undefined)
        withMessage(name, () => expect(body.referenced_security_group_id).toMatch(/aws_security_group/));
  });

  it("gives a public address to nothing but the load balancer and the NAT gateways", () => {
    for (const body of Object.values(template.resources("aws_subnet")))
      expect(body.map_public_ip_on_launch).toBe(false);
    expect(template.resource("aws_db_instance.database").publicly_accessible).toBe(false);
    for (const { network_configuration } of Object.values(template.resources("aws_ecs_service")))
      expect(network_configuration).toMatchObject({ assign_public_ip: false });
    expect(Object.keys(template.resources("aws_lb"))).toEqual(["load_balancer"]);
  });

  it("has no route from the database's subnets to the internet", () => {
    for (const { route_table_id } of Object.values(template.resources("aws_route")))
      expect(route_table_id).not.toContain("database_table");
  });

  it("describes every security group and its rules", () => {
    for (const type of [
      "aws_vpc_security_group_ingress_rule",
      "aws_vpc_security_group_egress_rule",
      "aws_security_group",
    ])
      for (const [name, body] of Object.entries(template.resources(type)))
        withMessage(name, () => expect(body.description).toBeTruthy());
  });

  it("answers 404 over TLS 1.2 or newer until somebody adds a rule", () => {
    expect(template.resource("aws_lb_listener.load_balancer_https")).toMatchObject({
      port: 443,
      protocol: "HTTPS",
      ssl_policy: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
      certificate_arn:
        "${aws_acm_certificate_validation.load_balancer_certificate_validation.certificate_arn}",
      default_action: [{ type: "fixed-response", fixed_response: { status_code: "404" } }],
    });
    expect(Object.keys(template.resources("aws_lb_listener"))).toHaveLength(1);
  });

  it("forces TLS on the database, whose password RDS keeps", () => {
    expect(template.resource("aws_db_parameter_group.database_parameters").parameter).toEqual([
      { name: "rds.force_ssl", value: "1" },
    ]);
    const instance = template.resource("aws_db_instance.database");
    expect(instance).toMatchObject({ manage_master_user_password: true, storage_encrypted: true });
    expect(instance).not.toHaveProperty("password");
  });

  it("outputs every input of the chat that has no default there, under its name", () => {
    const outputs = Object.keys(template.json.output ?? {});
    const needed = allInputs.filter((input) => !("default" in input)).map(({ name }) => name);
    expect(outputs).toEqual(expect.arrayContaining(needed));
    expect(allInputs.map(({ name }): string => name)).toEqual(expect.arrayContaining(outputs));
  });

  it("gives no role the permissions boundary, which is for what the pipeline makes", () => {
    for (const body of Object.values(template.resources("aws_iam_role")))
      expect(body).not.toHaveProperty("permissions_boundary");
  });

  it("keeps its state beside the chat's", () => {
    expect(template.json.terraform?.backend?.s3).toMatchObject({
      key: expect.stringMatching(/^phenom-chat\/platform-\w+\.tfstate$/),
      encrypt: true,
      use_lockfile: true,
    });
  });

  it("writes generated secrets through ephemeral values", () => {
    const versions = Object.values(template.resources("aws_secretsmanager_secret_version"));
    expect(versions).toHaveLength(3);
    for (const body of versions) {
      expect(body.secret_string_wo).toMatch(/ephemeral\.random_password\.\w+\.result/);
      expect(body).not.toHaveProperty("secret_string");
    }
  });
});

describe("the network", () => {
  it("has two zones and one NAT gateway in development, three of each in production", () => {
    const sizes = both.map(([, template]) => [
      Object.keys(template.resources("aws_subnet")).length,
      Object.keys(template.resources("aws_nat_gateway")).length,
    ]);
    expect(sizes).toEqual([
      [6, 1],
      [9, 3],
    ]);
  });

  it("adds a zone without changing the addresses of the others", () => {
    const more = withPlatform({ zones: ["a", "b", "c"] });
    for (const address of development.addresses())
      expect([address, more.addresses().includes(address)]).toEqual([address, true]);
    for (const [name, { cidr_block }] of Object.entries(development.resources("aws_subnet")))
      expect(more.resource(`aws_subnet.${name}`).cidr_block).toBe(cidr_block);
  });

  it("reaches S3 without NAT, and other services where the environment names them", () => {
    expect(Object.keys(development.resources("aws_vpc_endpoint"))).toEqual(["network_s3"]);
    const more = withPlatform({ interfaceEndpoints: ["ecr.dkr", "logs"] });
    expect(Object.keys(more.resources("aws_vpc_endpoint"))).toEqual([
      "network_s3",
      "network_ecr_dkr",
      "network_logs",
    ]);
    expect(more.resource("aws_vpc_security_group_ingress_rule.network_endpoints_from_vpc")).toMatchObject({
      cidr_ipv4: "10.20.0.0/16",
      from_port: 443,
    });
  });
});

describe("production", () => {
  it("protects what can't be made again", () => {
    const database = inProduction.resource("aws_db_instance.database");
    expect(database).toMatchObject({
      instance_class: "db.m5.large",
      multi_az: true,
      deletion_protection: true,
      skip_final_snapshot: false,
      performance_insights_enabled: true,
      lifecycle: { prevent_destroy: true },
    });
    expect(database.backup_retention_period).toBeGreaterThanOrEqual(7);
    expect(inProduction.resource("aws_lb.load_balancer").enable_deletion_protection).toBe(true);
    expect(inProduction.resource("aws_cognito_user_pool.user_pool")).toMatchObject({
      deletion_protection: "ACTIVE",
      lifecycle: { prevent_destroy: true },
    });
  });

  it("has the same kinds of resources as development", () => {
    const types = (template: PlatformTemplate) => Object.keys(template.json.resource ?? {}).sort();
    expect(types(inProduction)).toEqual(types(development));
  });
});

describe("development", () => {
  it("can be taken down again", () => {
    expect(development.resource("aws_db_instance.database")).toMatchObject({
      instance_class: "db.t4g.micro",
      multi_az: false,
      deletion_protection: false,
      skip_final_snapshot: true,
    });
    expect(JSON.stringify(development.json.resource)).not.toContain("prevent_destroy");
  });
});

describe("the user pool", () => {
  it("lets people sign in with their address, beside a user name", () => {
    expect(development.resource("aws_cognito_user_pool.user_pool")).toMatchObject({
      alias_attributes: ["email"],
      auto_verified_attributes: ["email"],
      mfa_configuration: "OPTIONAL",
    });
  });

  it("has the groups of rooms and tools", () => {
    const groups = Object.values(development.resources("aws_cognito_user_group"));
    expect(groups.map(({ name }) => name).sort()).toEqual([
      "admin",
      "agent",
      "internal",
      "partners",
      "support",
    ]);
  });

  it("attaches the chat's functions once both exist", () => {
    const { dynamic } = development.resource("aws_cognito_user_pool.user_pool");
    expect(dynamic).toMatchObject({
      lambda_config: {
        for_each:
          '${contains(data.aws_lambda_functions.user_pool_functions.function_names, "phenom-dev-chat-user-provisioner") && ' +
          'contains(data.aws_lambda_functions.user_pool_functions.function_names, "phenom-dev-chat-token-enhancement") ? [true] : []}',
        content: { pre_token_generation_config: { lambda_version: "V2_0" } },
      },
    });
  });

  it("keeps no password of the agent's account in Terraform", () => {
    const agent = development.resource("aws_cognito_user.user_pool_agent");
    expect(agent).not.toHaveProperty("password");
    expect(agent).not.toHaveProperty("temporary_password");
  });
});

describe("Hasura", () => {
  const containers = String(
    development.resource("aws_ecs_task_definition.hasura_service_task").container_definitions,
  );

  it("serves GraphQL alone to the public, at its path on the server's name", () => {
    const rule = development.resource("aws_lb_listener_rule.hasura_rule");
    expect(blocks(rule.condition)).toEqual([
      { host_header: { values: ["chat-testing.thephenom.app"] } },
      { path_pattern: { values: ["/api/graphql"] } },
    ]);
    expect(rule.transform).toEqual([
      {
        type: "url-rewrite",
        url_rewrite_config: { rewrite: { regex: "^/api/graphql$", replace: "/v1/graphql" } },
      },
    ]);
  });

  it("reads the claims that the chat's token enhancement writes", () => {
    expect(containers).toContain('"claims_format" = "stringified_json"');
    expect(containers).toContain(
      '"jwk_url" = "https://cognito-idp.us-east-1.amazonaws.com/${aws_cognito_user_pool.user_pool.id}/.well-known/jwks.json"',
    );
    const audience = withPlatform({ hasura: { audience: ["client"] } });
    expect(audience.resource("aws_ecs_task_definition.hasura_service_task").container_definitions).toContain(
      '"audience" = ["client"]',
    );
  });

  it("takes at most half of the database's connections, even while a deployment runs twice the tasks", () => {
    expect(containers).toMatch(/max\(2, floor\(0\.5 \* min\(floor\(.*"db\.t4g\.micro".* \/ 4\)\)/);
  });

  it("starts only after its role is ready, with a password that no plan shows", () => {
    expect(containers).toContain(
      '"dependsOn" = [{"containerName" = "phenom-dev-graphql-setup", "condition" = "SUCCESS"}]',
    );
    expect(containers).toContain('"name" = "phenom-dev-graphql-setup", "image" = "public.ecr.aws/');
  });

  it("has the four alarms of a service", () => {
    const alarms = Object.values(development.resources("aws_cloudwatch_metric_alarm"));
    expect(alarms.map(({ alarm_name }) => alarm_name).sort()).toEqual([
      "phenom-dev-platform-hasura-5xx",
      "phenom-dev-platform-hasura-cpu",
      "phenom-dev-platform-hasura-healthy-hosts",
      "phenom-dev-platform-hasura-memory",
    ]);
  });
});

describe("the ingress rules that the environment leaves to the platform", () => {
  const names = (ingressRules: EnvironmentData["ingressRules"]) =>
    Object.keys(
      new PlatformTemplate(environment({ ...(ingressRules && { ingressRules }) })).resources(
        "aws_vpc_security_group_ingress_rule",
      ),
    );

  it("are made here", () => {
    const all = {
      mcpFromAlb: "platform",
      adminUiFromAlb: "platform",
      hasuraFromEcsTasks: "platform",
    } as const;
    expect(names(all).filter((name) => !names({}).includes(name))).toEqual([
      "mcp_from_alb",
      "admin_ui_from_alb",
      "hasura_from_ecs_tasks",
    ]);
  });
});

describe("an invalid platform is refused", () => {
  it.each<[string, EnvironmentData["platform"], string]>([
    ["one zone", { zones: ["a"] }, "platform.zones"],
    ["a zone twice", { zones: ["a", "a"] }, "platform.zones"],
    ["a public range", { cidr: "8.8.0.0/16" }, "platform.cidr"],
    [
      "a taken priority",
      { hasura: { priority: 300 } },
      "platform.hasura.priority: 300 is also the priority of mcp",
    ],
    ["more tasks at least than at most", { hasura: { minCount: 3 } }, "platform.hasura.minCount"],
    ["storage that can't grow", { database: { storage: 100 } }, "platform.database.maxStorage"],
    ["another major version", { database: { engineVersion: "16.4" } }, "platform.database.engineVersion"],
    ["Hasura 3", { hasura: { image: "hasura/graphql-engine:v3.0.0" } }, "platform.hasura.image"],
  ])("with %s", (_, platform, message) => {
    const parsed = parseEnvironment(environment({ ...(platform && { platform }) }));
    expect("problems" in parsed ? parsed.problems.join("\n") : "").toContain(message);
  });
});
