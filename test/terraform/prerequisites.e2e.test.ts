import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "@jest/globals";
import example from "../../environments/development.example.tfvars.json" with { type: "json" };
import { development } from "../../environments/development.ts";
import { describeWith } from "../jest/describe-if.ts";
import { withMessage } from "../jest/with-message.ts";
import { type ExistingData, securityGroupRules } from "./existing-data.ts";
import { check, type Synthesised, synthesised } from "./offline.ts";

/** Development in an account where data sources find `data`. */
function developmentIn(data: ExistingData): Synthesised {
  const synth = synthesised(development);
  const file = path.join(synth.out, "found.json");
  writeFileSync(file, JSON.stringify(data));
  return { ...synth, inputs: [...synth.inputs, "--data", file] };
}

describeWith("terraform")("the plan", () => {
  it("refuses another environment, subnets without a route to the internet and resources of another account", async () => {
    const synth = developmentIn({
      aws_resourcegroupstaggingapi_resources: [
        { resource_tag_mapping_list: [{ resource_arn: "arn", tags: { Environment: "staging" } }] },
      ],
      aws_route_table: [
        {
          routes: [
            { cidr_block: "10.0.0.0/16", gateway_id: "local" },
            { cidr_block: "0.0.0.0/0", gateway_id: "igw-0a1b2c3d" },
          ],
        },
      ],
    });
    const { code, output } = await check(
      synth,
      "--plan-only",
      "--var",
      "cognito_user_pool_arn=arn:aws:cognito-idp:us-east-1:210987654321:userpool/us-east-1_AbCdEfGhI",
      "--var",
      "ecs_cluster_name=another-cluster",
    );
    expect(code).not.toBe(0);
    const text = output.replaceAll(/\s+/g, " ");
    for (const sentence of [
      "development: this account runs the environment staging of the chat already.",
      `development: the subnet ${example.private_subnet_ids[0]} in private_subnet_ids has no route to the internet`,
      "development: cognito_user_pool_arn is in account 210987654321 and region us-east-1, the credentials and the environment in 123456789012 and us-east-1.",
      "and ecs_cluster_name (another-cluster) name two different resources: correct one of them.",
    ])
      expect(text).toContain(sentence);
  });

  it("warns of ingress rules that are not whose the environment says and of missing backups, and takes the rest from the account", async () => {
    const hasura = { group: example.ecs_tasks_security_group_id, port: 8080 };
    const synth = developmentIn({
      ...securityGroupRules([{ ...hasura, from: hasura.group }]),
      aws_subnet: [{ availability_zone: "us-east-1a" }],
      aws_db_instance: [{ db_instance_class: "db.m5.large", backup_retention_period: 0 }],
    });
    const plan = path.join(synth.out, "plan.json");
    const { code, output, warnings } = await check(synth, "--plan-only", "--json", plan);
    withMessage(output, () => expect(code).toBe(0));
    for (const sentence of [
      'development: ingressRules.mcpFromAlb says that the platform has a rule that lets sg-0a1b2c3d4e5f60731 in on port 3001, but the security group sg-0a1b2c3d4e5f60732 has none. Ask its owner to add the rule, or set ingressRules.mcpFromAlb to "chat".',
      "has a rule that lets sg-0a1b2c3d4e5f60732 in on port 8080, and AWS refuses a second one (InvalidPermission.Duplicate)",
      "the migration task, which runs there as Hasura does, could not connect",
      "development: RDS keeps automatic backups of the database for 0 days, and must for 1 at least",
    ])
      expect(warnings.some((warning) => warning.includes(sentence))).toBe(true);

    const resources: { address: string; type: string; values: Record<string, unknown> }[] = JSON.parse(
      readFileSync(plan, "utf8"),
    ).planned_values.root_module.resources;
    const alarm = "aws_cloudwatch_metric_alarm.monitoring_alarm_database_connections";
    // 70 per cent of 8 GiB / 9531392.
    expect(resources.find(({ address }) => address === alarm)?.values["threshold"]).toBe(630);

    const targets = resources.filter(({ type }) => type === "aws_efs_mount_target");
    expect(targets).toMatchObject([
      { index: "us-east-1a", values: { subnet_id: example.private_subnet_ids[0] } },
    ]);
  });
});
