import { describe, expect, it } from "@jest/globals";
import { Template } from "../../stacks/chat/template.ts";

const template = new Template();

describe("the link preview", () => {
  it("is a Node.js 22 function on arm64 with 256 MiB inside the VPC", () => {
    expect(template.resource("aws_lambda_function.chat_link_preview_function")).toMatchObject({
      function_name: "phenom-dev-link-preview",
      runtime: "nodejs22.x",
      architectures: ["arm64"],
      memory_size: 256,
      vpc_config: { security_group_ids: ["${aws_security_group.chat_lambdas.id}"] },
    });
  });

  it("has a throttled webhook with one route, whose secret the function checks", () => {
    expect(Object.values(template.resources("aws_apigatewayv2_route"))).toMatchObject([
      { route_key: "POST /" },
    ]);
    expect(template.resource("aws_apigatewayv2_stage.chat_link_preview_stage")).toMatchObject({
      default_route_settings: { throttling_rate_limit: 50, throttling_burst_limit: 100 },
    });
    expect(template.resource("aws_lambda_function.chat_link_preview_function").environment).toMatchObject({
      variables: { WEBHOOK_SECRET_ARN: "${aws_secretsmanager_secret.chat_link_preview_webhook_secret.arn}" },
    });
  });

  it("may only be invoked by its own HTTP API", () => {
    expect(template.resource("aws_lambda_permission.chat_link_preview_permission")).toMatchObject({
      principal: "apigateway.amazonaws.com",
      source_arn: "${aws_apigatewayv2_api.chat_link_preview_api.execution_arn}/*/POST/",
    });
  });

  it("may read the shared secret and Hasura's admin secret only", () => {
    const policy = String(template.resource("aws_iam_role_policy.chat_link_preview_function_policy").policy);
    expect(policy).toContain(
      '"Action" = "secretsmanager:GetSecretValue", "Resource" = [aws_secretsmanager_secret.chat_link_preview_webhook_secret.arn, var.hasura_admin_secret_arn]',
    );
  });
});
