import { beforeAll, expect, it } from "@jest/globals";
import * as z from "zod";
import { describeWith } from "../../../test/jest/describe-if.ts";
import { folderOf } from "../../../test/terraform/configuration.ts";
import { runTool } from "../../../test/terraform/tool.ts";

/** A resource that is refused: what is wrong with it, its type, its arguments, and the message. */
type Refusal = readonly [what: string, type: string, body: object, message: RegExp];

const task = (more: object) => ({
  family: "f",
  cpu: "256",
  memory: "512",
  network_mode: "awsvpc",
  requires_compatibilities: ["FARGATE"],
  container_definitions: JSON.stringify([{ name: "a", image: "i" }]),
  ...more,
});
const containers = (...list: object[]) => task({ container_definitions: JSON.stringify(list) });
const targetGroup = (more: object) => ({
  name: "g",
  port: 80,
  protocol: "HTTP",
  target_type: "ip",
  vpc_id: "vpc-1",
  ...more,
});
const role = (assume_role_policy: string) => ({ name: "r", assume_role_policy });
const client = (more: object) => ({ name: "c", user_pool_id: "us-east-1_x", ...more });

const TASK = "aws_ecs_task_definition";
const TARGET_GROUP = "aws_lb_target_group";

const refusals: readonly Refusal[] = [
  ["an unknown attribute", TASK, task({ no_such: 1 }), /No argument or block type is named "no_such"/],
  ["a missing attribute", TASK, { family: "f" }, /The argument "container_definitions" is required/],
  [
    "a pair of cpu and memory that Fargate does not have",
    TASK,
    task({ memory: "4096" }),
    /No Fargate configuration exists for given values: 256 CPU, 4096 memory/,
  ],
  ["Fargate without awsvpc", TASK, task({ network_mode: "bridge" }), /Fargate only supports network mode/],
  [
    "container_definitions that are no JSON",
    TASK,
    task({ container_definitions: "[{" }),
    /"container_definitions" contains invalid JSON/,
  ],
  ["a container without image", TASK, containers({ name: "a" }), /"image" is required/],
  [
    "a number among environment values",
    TASK,
    containers({ name: "a", image: "i", environment: [{ name: "P", value: 1 }] }),
    /must have a string name and a string value/,
  ],
  [
    "a target group's name of 40 characters",
    TARGET_GROUP,
    targetGroup({ name: "a".repeat(40) }),
    /cannot be longer than 32 characters/,
  ],
  [
    "a target group's name with an underscore",
    TARGET_GROUP,
    targetGroup({ name: "a_b" }),
    /invalid value for name/,
  ],
  [
    "a target group's port",
    TARGET_GROUP,
    targetGroup({ port: 70000 }),
    /expected port to be in the range \(1 - 65535\)/,
  ],
  [
    "a target group's protocol",
    TARGET_GROUP,
    targetGroup({ protocol: "GOPHER" }),
    /expected protocol to be one of/,
  ],
  [
    "a rule's priority of 0",
    "aws_lb_listener_rule",
    {
      listener_arn: "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/a/1/2",
      priority: 0,
      condition: [{ path_pattern: { values: ["/x"] } }],
      action: [{ type: "forward", target_group_arn: "arn:x" }],
    },
    /expected priority to be in the range \(1 - 50000\)/,
  ],
  ["a trust policy that is no JSON", "aws_iam_role", role("{"), /invalid JSON/],
  [
    "a trust policy without Statement",
    "aws_iam_role",
    role('{"Version":"2012-10-17"}'),
    /The policy has no Statement/,
  ],
  [
    "an unknown Lambda runtime",
    "aws_lambda_function",
    {
      function_name: "f",
      role: "arn:aws:iam::123456789012:role/r",
      runtime: "nodejs12.x",
      handler: "i.h",
      s3_bucket: "b",
      s3_key: "k",
    },
    /expected runtime to be one of/,
  ],
  [
    "a retention that AWS does not offer",
    "aws_cloudwatch_log_group",
    { name: "g", retention_in_days: 31 },
    /expected retention_in_days to be one of/,
  ],
  [
    "a security group named sg-",
    "aws_security_group",
    { name: "sg-x", vpc_id: "v" },
    /cannot begin with sg-/,
  ],
  ["a secret's name with a space", "aws_secretsmanager_secret", { name: "a b" }, /invalid value for name/],
  [
    "a callback over http",
    "aws_cognito_user_pool_client",
    client({ callback_urls: ["http://example.com/cb"] }),
    /invalid callback_urls entry/,
  ],
  [
    "client_credentials without a secret",
    "aws_cognito_user_pool_client",
    client({
      allowed_oauth_flows: ["client_credentials"],
      allowed_oauth_flows_user_pool_client: true,
      allowed_oauth_scopes: ["a/b"],
    }),
    /does not have a client secret/,
  ],
  [
    "a proxied record with a ttl",
    "cloudflare_dns_record",
    { zone_id: "z", name: "a.b", type: "CNAME", content: "c.d", ttl: 300, proxied: true },
    /ttl must be 1 when proxied is true/,
  ],
];

const validation = z.object({
  diagnostics: z.array(
    z.object({
      summary: z.string(),
      detail: z.string(),
      address: z.string().optional(),
      snippet: z.object({ context: z.string().nullable() }).optional(),
    }),
  ),
});

/** The refused resources by type and name: `r0`, `r1`, … in the order of the table. */
function configuration() {
  const resource: Record<string, Record<string, object>> = {};
  refusals.forEach(([, type, body], i) => {
    resource[type] = { ...resource[type], [`r${i}`]: body };
  });
  return { resource };
}

describeWith("terraform")("validation", () => {
  let messages: ReadonlyMap<string, string>;

  beforeAll(async () => {
    const folder = folderOf(configuration());
    await runTool([folder, "init"]);
    const { stdout } = await runTool([folder, "validate", "-json"]);
    const { diagnostics } = validation.parse(JSON.parse(stdout));
    const found = new Map<string, string>();
    for (const { summary, detail, address, snippet } of diagnostics) {
      const resource = address ?? snippet?.context?.replace(/^resource\./, "") ?? "";
      found.set(resource, `${found.get(resource) ?? ""}${summary} ${detail}\n`);
    }
    messages = found;
  });

  it.each(
    refusals.map(([what, type, , message], i) => ({ what, address: `${type}.r${i}`, message })),
  )("refuses $what", ({ address, message }) => {
    expect(messages.get(address)).toMatch(message);
  });

  it("refuses an unknown resource type", async () => {
    const folder = folderOf({ resource: { aws_nothing: { t: {} } } });
    await runTool([folder, "init"]);
    const { code, output } = await runTool([folder, "validate"]);
    expect(code).toBe(1);
    expect(output).toContain('does not support resource type "aws_nothing"');
  });
});
