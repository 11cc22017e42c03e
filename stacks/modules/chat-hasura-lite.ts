import { TerraformOutput } from "cdktf";
import { foreignIngress } from "../../constructs/foreign-ingress.ts";
import { ChatHasuraLite } from "../../modules/chat-hasura-lite/index.ts";
import { hasuraPort } from "../chat/lambda-security-group.ts";
import {
  common,
  flag,
  hostOf,
  imageTag,
  imageUri,
  optional,
  rdsHost,
  secretVersions,
  shared,
  versionOf,
} from "./inputs.ts";
import type { TerraformModule } from "./module.ts";
import { MAIN, ModuleStack, number, text, userPoolArn } from "./module-stack.ts";

export const chatHasuraLite: TerraformModule = {
  name: "chat-hasura-lite",
  choices: {},
  build() {
    const stack = new ModuleStack("chat-hasura-lite");
    const variables = stack.variables({
      ...common,
      private_subnet_ids: shared.private_subnet_ids,
      ecs_tasks_security_group_id: shared.ecs_tasks_security_group_id,
      lambda_security_group_id: {
        type: "string",
        description: "Security group of the functions, from chat-link-preview",
        pattern: "^sg-[0-9a-f]+$",
        shape: "an id that begins with sg-",
      },
      rds_host: rdsHost,
      rds_port: optional(shared.rds_port, 5432),
      rds_database: shared.rds_database,
      rds_master_secret_arn: shared.rds_master_secret_arn,
      cognito_user_pool_id: shared.cognito_user_pool_id,
      hasura_endpoint: shared.hasura_endpoint,
      hasura_admin_secret_arn: shared.hasura_admin_secret_arn,
      link_preview_url: {
        type: "string",
        description: "Address that the event trigger calls, from chat-link-preview",
        pattern: "^https://",
        shape: "an https URL, the output webhook_url of chat-link-preview",
      },
      profile_owner: {
        type: "string",
        description:
          "Who owns names and pictures in table users: the backend, of which the chat fills only what is empty, or cognito",
        pattern: "^(?:backend|cognito)$",
        shape: "backend or cognito",
        default: "backend",
      },
      message_retention_days: {
        type: "number",
        description: "Days after which messages move to the archive, once a day; 0 keeps them",
        default: 0,
        rules: [
          {
            condition:
              "var.message_retention_days == 0 || (var.message_retention_days >= 30 && var.message_retention_days <= 3650 && floor(var.message_retention_days) == var.message_retention_days)",
            remedy: "choose 0, or a whole number from 30 to 3650",
          },
        ],
      },
      user_provisioner_concurrency: shared.user_provisioner_concurrency,
      secret_kms_key_arns: shared.secret_kms_key_arns,
      add_hasura_ingress: flag(
        "Whether to let the ECS tasks reach each other at Hasura's port, as the metadata task and the MCP server must",
        true,
      ),
      postgres_image_tag: imageTag("postgres", "postgres_image_tag"),
      curl_image_tag: imageTag("curl", "curl_image_tag"),
      secret_versions: secretVersions(["user_provisioner_password"]),
    });
    const deployment = stack.deployment(variables);
    const tasksGroup = variables.ecs_tasks_security_group_id.string;
    foreignIngress(stack, "hasura-from-ecs-tasks", {
      deployment,
      owner: "chat",
      securityGroupId: tasksGroup,
      from: tasksGroup,
      port: hasuraPort(variables.hasura_endpoint.string),
      description: "Hasura from the MCP server and the metadata task",
    });
    stack.onlyWhere("var.add_hasura_ingress", "hasura-from-ecs-tasks");
    const module = new ChatHasuraLite(stack, MAIN, {
      deployment,
      network: {
        subnetIds: variables.private_subnet_ids.list,
        securityGroupId: variables.lambda_security_group_id.string,
        rules: [],
      },
      database: {
        host: text(hostOf("rds_host")),
        port: variables.rds_port.number,
        name: variables.rds_database.string,
        masterSecretArn: variables.rds_master_secret_arn.string,
      },
      hasuraEndpoint: variables.hasura_endpoint.string,
      hasuraAdminSecretArn: variables.hasura_admin_secret_arn.string,
      linkPreviewUrl: variables.link_preview_url.string,
      userPoolId: variables.cognito_user_pool_id.string,
      userPoolArn: userPoolArn(deployment),
      // The variable takes these two values only.
      profileOwner: variables.profile_owner.string as "backend" | "cognito",
      messageRetentionDays: variables.message_retention_days.number,
      images: {
        postgres: { uri: imageUri("postgres", "postgres_image_tag") },
        curl: { uri: imageUri("curl", "curl_image_tag") },
      },
      provisionerPasswordVersion: number(versionOf("user_provisioner_password")),
      provisionerConcurrency: variables.user_provisioner_concurrency.number,
    });
    const output = (name: string, description: string, value: string) =>
      new TerraformOutput(stack, name, { description, value });
    output(
      "migration_task_definition",
      "Task to run before each release: applies the migrations",
      module.tasks.migration.definition.arn,
    );
    output(
      "metadata_task_definition",
      "Task to run after it: applies Hasura's metadata",
      module.tasks.metadata.definition.arn,
    );
    output(
      "user_provisioner_arn",
      "Function for the user pool's triggers post_authentication and post_confirmation",
      module.userProvisioner.arn,
    );
    output(
      "token_enhancement_arn",
      "Function for the user pool's trigger pre_token_generation_config, version V2_0",
      module.tokenEnhancement.arn,
    );
    return stack;
  },
};
