import { describe, expect, it } from "@jest/globals";
import { Template } from "../../stacks/chat/template.ts";

const template = new Template();
const fn = (name: string) => template.resource(`aws_lambda_function.chat_hasura_lite_${name}`);
const policy = (name: string) =>
  String(template.resource(`aws_iam_role_policy.chat_hasura_lite_${name}_policy`).policy);

describe("implementation B", () => {
  it("has the one-shot tasks of the specification", () => {
    expect(Object.values(template.resources("aws_ecs_task_definition")).map(({ family }) => family)).toEqual(
      expect.arrayContaining(["phenom-dev-chat-migration", "phenom-dev-chat-hasura-metadata"]),
    );
  });

  it("keeps the user provisioner inside Cognito's five seconds and the account's database connections", () => {
    expect(fn("user_provisioner")).toMatchObject({
      function_name: "phenom-dev-chat-user-provisioner",
      runtime: "nodejs22.x",
      memory_size: 128,
      timeout: 5,
      reserved_concurrent_executions: "${var.user_provisioner_concurrency}",
    });
  });

  it("lets the user provisioner read only its own credentials and a user's groups", () => {
    const actions = [...policy("user_provisioner").matchAll(/"([a-z0-9-]+:\w+)"/g)].map(
      ([, action]) => action,
    );
    expect(actions.filter((action) => !/^(logs|ec2|lambda):/.test(action ?? ""))).toEqual([
      "cognito-idp:AdminListGroupsForUser",
      "secretsmanager:GetSecretValue",
      // Of keys that the environment names, and through Secrets Manager only.
      "kms:Decrypt",
      "kms:ViaService",
    ]);
  });

  it("lets the token enhancement only write its log", () => {
    expect(fn("token_enhancement")).not.toHaveProperty("vpc_config");
    const actions = [...policy("token_enhancement").matchAll(/"([a-z0-9-]+:\w+)"/g)].map(
      ([, action]) => action,
    );
    expect(actions).toEqual(["logs:CreateLogStream", "logs:PutLogEvents"]);
  });

  it("makes every function log JSON to its own log group", () => {
    for (const [name, body] of Object.entries(template.resources("aws_lambda_function")))
      expect(body.logging_config).toEqual({
        log_format: "JSON",
        log_group: `\${aws_cloudwatch_log_group.${name}_log_group.name}`,
      });
  });

  it("lets only the user pool invoke its triggers", () => {
    for (const name of ["user_provisioner", "token_enhancement"])
      expect(template.resource(`aws_lambda_permission.chat_hasura_lite_${name}_permission`)).toMatchObject({
        principal: "cognito-idp.amazonaws.com",
        source_arn: "${var.cognito_user_pool_arn}",
      });
  });

  it("denies a function's code the EC2 actions that Lambda itself needs", () => {
    for (const name of ["chat_hasura_lite_user_provisioner", "chat_link_preview_function"])
      expect(String(template.resource(`aws_iam_role_policy.${name}_policy`).policy)).toMatch(
        /"Effect" = "Deny", "Action" = "ec2:\*".*"lambda:SourceFunctionArn"/,
      );
  });
});
