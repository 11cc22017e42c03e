import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "@jest/globals";
import { describeWith } from "../../../test/jest/describe-if.ts";
import { type Configuration, emptyFolder, folderOf } from "../../../test/terraform/configuration.ts";
import { runTool } from "../../../test/terraform/tool.ts";

const FIXTURES = path.resolve("tools/terraform-offline/fixtures");

const check = (folder: string, ...options: string[]) => runTool([folder, "check", ...options]);

const linesOf = (output: string, kind: string) =>
  output.split("\n").filter((line) => line.startsWith(`${kind}  `));

const readJson = (file: string) => JSON.parse(readFileSync(file, "utf8"));

/** Values of each resource by its type, from a state in JSON. */
const valuesIn = (state: string) =>
  Object.fromEntries(
    readJson(state).values.root_module.resources.map(
      ({ type, values }: { type: string; values: unknown }) => [type, values],
    ),
  );

const TRUST = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Action: "sts:AssumeRole", Principal: { Service: "ecs-tasks.amazonaws.com" } },
  ],
});

const logGroup = (more: object = {}) => ({ aws_cloudwatch_log_group: { g: { name: "/g", ...more } } });

const targetGroup = {
  name: "g",
  port: 80,
  protocol: "HTTP",
  target_type: "ip",
  vpc_id: "vpc-1",
};

const rule = (
  priority: number,
  target_group_arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/g/1",
) => ({
  listener_arn: "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/a/1/2",
  priority,
  condition: [{ path_pattern: { values: ["/x"] } }],
  action: [{ type: "forward", target_group_arn }],
});

const task = {
  family: "f",
  cpu: "256",
  memory: "512",
  network_mode: "awsvpc",
  requires_compatibilities: ["FARGATE"],
  container_definitions: JSON.stringify([{ name: "a", image: "i", portMappings: [{ containerPort: 80 }] }]),
};

const service = (container_name: string, more: object = {}) => ({
  name: "s",
  task_definition: "${aws_ecs_task_definition.t.arn}",
  launch_type: "FARGATE",
  network_configuration: [{ subnets: ["subnet-1"] }],
  load_balancer: [{ target_group_arn: "${aws_lb_target_group.g.arn}", container_name, container_port: 80 }],
  ...more,
});

describeWith("terraform")("check", () => {
  it("takes a configuration through its whole life", async () => {
    const plan = path.join(emptyFolder(), "plan.json");
    const remote = path.join(FIXTURES, "remote-outputs.json");
    const folder = path.join(FIXTURES, "good");
    const { code, output } = await check(
      folder,
      "--json",
      plan,
      "--remote-outputs",
      remote,
      "--var",
      "image=nginx:1",
    );
    expect({ code, output }).toMatchObject({
      code: 0,
      output: expect.stringMatching(/plan again .*No changes/),
    });
    const { resource_changes, prior_state } = readJson(plan);
    const find = <T extends { address: string }>(list: T[], address: string) =>
      list.find((element) => element.address === address);
    expect(find(resource_changes, "aws_cloudwatch_log_group.app")).toMatchObject({
      change: { after: { tags_all: { part: "app", project: "good" } } },
    });
    const document = find<{ address: string; values?: { json: string } }>(
      prior_state.values.root_module.resources,
      "data.aws_iam_policy_document.trust",
    );
    expect(JSON.parse(document?.values?.json ?? "").Statement).toEqual(JSON.parse(TRUST).Statement);
    expect(readdirSync(folder)).toEqual(["cdk.tf.json"]);
  });

  it("takes HCL, with count and the small providers", async () => {
    expect(await check(path.join(FIXTURES, "hcl"))).toMatchObject({ code: 0 });
  });

  it("shows in the state what the first plan did not know", async () => {
    const state = path.join(emptyFolder(), "deep", "state.json");
    const variables = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`NAME_${i}`, `värde-${i}`]));
    const folder = folderOf({
      resource: {
        ...logGroup(),
        aws_iam_role: { r: { name: "r", assume_role_policy: TRUST } },
        aws_iam_role_policy: {
          p: {
            name: "p",
            role: "${aws_iam_role.r.id}",
            policy:
              '${jsonencode({Version = "2012-10-17", Statement = [{Effect = "Allow", ' +
              'Action = ["logs:PutLogEvents"], Resource = ["${aws_cloudwatch_log_group.g.arn}:*"]}]})}',
          },
        },
        aws_ecs_task_definition: {
          t: {
            ...task,
            execution_role_arn: "${aws_iam_role.r.arn}",
            container_definitions: `\${jsonencode([{name = "a", image = "i",
              environment = [for k, v in ${JSON.stringify(variables)} : {name = k, value = v}],
              logConfiguration = {logDriver = "awslogs", options = {
                "awslogs-group" = aws_cloudwatch_log_group.g.arn, "awslogs-region" = "us-east-1"}}}])}`,
          },
        },
      },
    });
    expect(await check(folder, "--no-warnings", "--state", state)).toMatchObject({ code: 0 });
    const values = valuesIn(state);
    const arn = "arn:aws:logs:us-east-1:123456789012:log-group:/g";
    const [container] = JSON.parse(values.aws_ecs_task_definition.container_definitions);
    expect(container.logConfiguration.options["awslogs-group"]).toBe(arn);
    expect(container.environment).toHaveLength(400);
    expect(container.environment).toContainEqual({ name: "NAME_399", value: "värde-399" });
    expect(JSON.parse(values.aws_iam_role_policy.policy).Statement[0].Resource).toEqual([`${arn}:*`]);
    expect(values.aws_ecs_task_definition.execution_role_arn).toBe("arn:aws:iam::123456789012:role/r");
  });

  it("shows what each patch would touch", async () => {
    const folder = folderOf({
      resource: {
        ...logGroup(),
        aws_cloudwatch_log_stream: {
          s: { name: "s", log_group_name: "${aws_cloudwatch_log_group.g.name}" },
        },
        aws_s3_bucket: { b: { bucket: "bbb", acl: "private" } },
        aws_sqs_queue: { q: { name: "q" } },
      },
    });
    const before = readFileSync(path.join(folder, "cdk.tf.json"), "utf8");
    const patch = path.join(emptyFolder(), "patch.json");
    writeFileSync(
      patch,
      JSON.stringify([
        { op: "replace", path: "/resource/aws_cloudwatch_log_group/g/name", value: "/h" },
        { op: "add", path: "/resource/aws_sns_topic", value: { n: { name: "n" } } },
        { op: "add", path: "/resource/aws_sqs_queue/q/delay_seconds", value: 5 },
        { op: "remove", path: "/resource/aws_s3_bucket" },
      ]),
    );
    const second = path.join(emptyFolder(), "second.json");
    writeFileSync(second, JSON.stringify([{ op: "remove", path: "/resource/aws_sqs_queue" }]));
    const { code, output } = await check(folder, "--mutate", patch, "--mutate", second);
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toMatch(/ok {4}mutate .*Plan: 3 to add, 1 to change, 3 to destroy/);
    expect(linesOf(output, "diff")).toEqual([
      "diff  aws_cloudwatch_log_group.g: delete, create (forced by name)",
      "diff  aws_cloudwatch_log_stream.s: delete, create (forced by log_group_name)",
      "diff  aws_s3_bucket.b: delete",
      "diff  aws_sns_topic.n: create",
      "diff  aws_sqs_queue.q: update (delay_seconds)",
      "diff  aws_sqs_queue.q: delete",
    ]);
    expect(output).toMatch(/ok {4}plan again .*No changes\./);
    expect(output).toMatch(/all of it .* 1 warning$/m);
    expect(readFileSync(path.join(folder, "cdk.tf.json"), "utf8")).toBe(before);
  });

  it("refuses a patch that does not fit", async () => {
    const patch = path.join(emptyFolder(), "patch.json");
    writeFileSync(patch, JSON.stringify([{ op: "remove", path: "/resource/none" }]));
    const { code, output } = await check(folderOf({ resource: logGroup() }), "--mutate", patch);
    expect(code).toBe(3);
    expect(output).toContain('--mutate: /resource/none: there is no "none" to be found');
  });

  it("shows each warning once, counts them, and with --no-warnings allows none", async () => {
    const bucket = (name: string) => ({ bucket: name, acl: "private" });
    const folder = folderOf({
      resource: {
        aws_s3_bucket: { a: bucket("aaa"), b: bucket("bbb"), c: bucket("ccc") },
        aws_db_instance: {
          d: {
            identifier: "d",
            instance_class: "db.t4g.micro",
            engine: "postgres",
            allocated_storage: 20,
            username: "u",
            password: "long-enough",
          },
        },
      },
    });
    const { code, output } = await check(folder, "--no-warnings");
    expect({ code, output }).toMatchObject({ code: 1 });
    const warnings = linesOf(output, "warn");
    expect(warnings).toHaveLength(4);
    const deprecated =
      /^warn {2}aws_s3_bucket\.[abc]: Argument is deprecated: "acl" is deprecated.*\(cdk\.tf\.json line \d+\)$/;
    expect(warnings.filter((line) => deprecated.test(line))).toHaveLength(3);
    expect(output).toMatch(/^FAIL {2}warnings +4 warnings, and --no-warnings allows none$/m);
  });

  it("shows a second plan that is not empty", async () => {
    const folder = folderOf({ resource: logGroup({ tags: { at: "${timestamp()}" } }) });
    const { code, output } = await check(folder);
    expect({ code, output }).toMatchObject({ code: 2 });
    expect(output).toMatch(/FAIL {2}plan again .*the second plan is not empty/);
    expect(output).toContain("aws_cloudwatch_log_group.g will be updated in-place");
  });

  it("warns of a service that may come before its listener", async () => {
    const configuration = (more: object): Configuration => ({
      resource: {
        aws_ecs_task_definition: { t: task },
        aws_lb_target_group: { g: targetGroup },
        aws_lb_listener_rule: { r: rule(5, "${aws_lb_target_group.g.arn}") },
        aws_ecs_service: { s: service("a", more) },
      },
    });
    const { code, output } = await check(folderOf(configuration({})), "--plan-only");
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(linesOf(output, "warn")).toEqual([
      expect.stringMatching(
        /^warn {2}aws_ecs_service\.s uses aws_lb_target_group\.g but depends on none of aws_lb_listener_rule\.r/,
      ),
    ]);
    const ordered = await check(
      folderOf(configuration({ depends_on: ["aws_lb_listener_rule.r"] })),
      "--plan-only",
    );
    expect(linesOf(ordered.output, "warn")).toEqual([]);
  });

  it("imports", async () => {
    const folder = folderOf({
      import: [{ to: "aws_cloudwatch_log_group.g", id: "/g" }],
      resource: logGroup({ retention_in_days: 7 }),
    });
    const { code, output } = await check(folder);
    expect({ code, output }).toMatchObject({
      code: 0,
      output: expect.stringContaining("1 to import, 0 to add"),
    });
  });

  it("accepts app schemes and localhost as callbacks of a Cognito client", async () => {
    const callback_urls = ["https://a.example.com/cb", "http://localhost:3000/cb", "myapp://cb"];
    const client = {
      name: "c",
      user_pool_id: "us-east-1_x",
      allowed_oauth_flows: ["code"],
      allowed_oauth_flows_user_pool_client: true,
      allowed_oauth_scopes: ["openid"],
      callback_urls,
    };
    const folder = folderOf({ resource: { aws_cognito_user_pool_client: { c: client } } });
    expect(await check(folder, "--plan-only")).toMatchObject({ code: 0 });
  });

  it("refuses a name that Terraform would drop from a nested attribute", async () => {
    const record = {
      zone_id: "z",
      name: "a.b",
      type: "CNAME",
      content: "c.d",
      ttl: 1,
      settings: { nope: true },
    };
    const { code, output } = await check(folderOf({ resource: { cloudflare_dns_record: { r: record } } }));
    expect(code).toBe(1);
    expect(output).toContain("unknown attribute cloudflare_dns_record.r.settings.nope");
  });

  it("refuses at apply what AWS would refuse", async () => {
    const twice = <T>(body: T) => ({ a: body, b: body });
    const fn = {
      function_name: "f",
      role: "arn:aws:iam::123456789012:role/r",
      runtime: "nodejs22.x",
      handler: "i.h",
    };
    const packaged = { ...fn, s3_bucket: "b", s3_key: "k" };
    const folder = folderOf({
      resource: {
        aws_lb_listener_rule: twice(rule(200)),
        aws_iam_role: twice({ name: "r", assume_role_policy: TRUST }),
        aws_lambda_function: { ...twice(packaged), z: { ...fn, function_name: "z", filename: "no.zip" } },
        aws_cloudwatch_log_group: twice({ name: "g" }),
        aws_secretsmanager_secret: twice({ name: "s" }),
        aws_lb_target_group: { ...twice(targetGroup), g: { ...targetGroup, name: "other" } },
        aws_ecs_task_definition: { t: task },
        aws_ecs_service: { s: service("b") },
      },
    });
    const { code, output } = await check(folder);
    expect(code).toBe(1);
    expect(output.match(/^Error: .*$/gm)?.sort()).toEqual([
      expect.stringContaining("creating ECS Service: InvalidParameterException"),
      expect.stringContaining("aws_cloudwatch_log_group: ResourceAlreadyExistsException"),
      expect.stringContaining("aws_iam_role: EntityAlreadyExists"),
      expect.stringContaining("aws_lambda_function: ResourceConflictException"),
      expect.stringContaining("aws_lb_listener_rule: PriorityInUse"),
      expect.stringContaining("aws_lb_target_group: DuplicateTargetGroupName"),
      expect.stringContaining("aws_secretsmanager_secret: ResourceExistsException"),
      expect.stringContaining("reading ZIP file (no.zip)"),
    ]);
    expect(output).toContain("The container b does not exist in the task definition");
    expect(output).toContain("open no.zip: no such file");
  });
});
