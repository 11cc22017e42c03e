import { TerraformOutput } from "cdktf";
import { development } from "../../environments/development.ts";
import { ChatLinkPreview } from "../../modules/chat-link-preview/index.ts";
import { hasuraPort, LambdaSecurityGroup } from "../chat/lambda-security-group.ts";
import { common, flag, optional, secretVersions, shared, versionOf } from "./inputs.ts";
import type { TerraformModule } from "./module.ts";
import { MAIN, ModuleStack, number, text } from "./module-stack.ts";

export const chatLinkPreview: TerraformModule = {
  name: "chat-link-preview",
  choices: {},
  build() {
    const stack = new ModuleStack("chat-link-preview");
    const variables = stack.variables({
      ...common,
      vpc_id: shared.vpc_id,
      private_subnet_ids: shared.private_subnet_ids,
      ecs_tasks_security_group_id: shared.ecs_tasks_security_group_id,
      rds_security_group_id: shared.rds_security_group_id,
      rds_port: optional(shared.rds_port, 5432),
      hasura_endpoint: shared.hasura_endpoint,
      hasura_admin_secret_arn: shared.hasura_admin_secret_arn,
      content_endpoint: shared.content_endpoint,
      content_query: shared.content_query,
      content_role: shared.content_role,
      secret_kms_key_arns: shared.secret_kms_key_arns,
      add_database_ingress: flag("Whether to let the functions into the database's security group", true),
      add_hasura_ingress: flag(
        "Whether to let the functions into the ECS tasks' security group, at Hasura's port",
        true,
      ),
      secret_versions: secretVersions(["link_preview_secret"]),
    });
    const deployment = stack.deployment(variables);
    const securityGroup = new LambdaSecurityGroup(stack, "lambdas", {
      deployment,
      vpcId: variables.vpc_id.string,
      database: { securityGroupId: variables.rds_security_group_id.string, port: variables.rds_port.number },
      hasura: {
        securityGroupId: variables.ecs_tasks_security_group_id.string,
        port: hasuraPort(variables.hasura_endpoint.string),
      },
      ingressRules: { databaseFromLambdas: "chat", hasuraFromLambdas: "chat" },
    });
    stack.onlyWhere("var.add_database_ingress", "lambdas", "database-ingress");
    stack.onlyWhere("var.add_hasura_ingress", "lambdas", "hasura-ingress");
    const module = new ChatLinkPreview(stack, MAIN, {
      deployment,
      network: {
        subnetIds: variables.private_subnet_ids.list,
        securityGroupId: securityGroup.id,
        rules: securityGroup.rules,
      },
      hasuraEndpoint: variables.hasura_endpoint.string,
      hasuraAdminSecretArn: variables.hasura_admin_secret_arn.string,
      content: {
        endpoint: text("coalesce(var.content_endpoint, var.hasura_endpoint)"),
        query: variables.content_query.string,
        role: variables.content_role.string,
        urlTemplate: development.contentUrlTemplate,
      },
      secretVersion: number(versionOf("link_preview_secret")),
    });
    new TerraformOutput(stack, "webhook_url", {
      description: "Address that Hasura's event trigger calls, for chat-hasura-lite",
      value: module.webhookUrl,
    });
    new TerraformOutput(stack, "webhook_secret_arn", {
      description: "Secret that Hasura's service needs as CHAT_LINK_PREVIEW_SECRET",
      value: module.webhookSecretArn,
    });
    new TerraformOutput(stack, "function_name", {
      description: "Name of the function, for metrics and logs",
      value: module.function.name,
    });
    new TerraformOutput(stack, "lambda_security_group_id", {
      description: "Security group of the functions, for chat-hasura-lite",
      value: securityGroup.id,
      dependsOn: [...securityGroup.rules],
    });
    return stack;
  },
};
