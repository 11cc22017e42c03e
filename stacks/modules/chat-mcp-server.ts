import { Fn, TerraformOutput } from "cdktf";
import { secretValue } from "../../constructs/generated-secret.ts";
import { development } from "../../environments/development.ts";
import { ChatMcpServer, MCP_SERVER_PORT, type McpBackend } from "../../modules/chat-mcp-server/index.ts";
import { common, flag, imageTag, imageUri, optional, priority, serverName, shared } from "./inputs.ts";
import type { TerraformModule } from "./module.ts";
import { MAIN, ModuleStack, text } from "./module-stack.ts";

const { priorities, services } = development;

export const chatMcpServer: TerraformModule<"synapse"> = {
  name: "chat-mcp-server",
  choices: { synapse: 'var.backend_type == "synapse"' },
  build({ synapse }) {
    const stack = new ModuleStack("chat-mcp-server");
    const variables = stack.variables({
      ...common,
      vpc_id: shared.vpc_id,
      private_subnet_ids: shared.private_subnet_ids,
      ecs_cluster_id: shared.ecs_cluster_id,
      alb_listener_arn: shared.alb_listener_arn,
      ecs_tasks_security_group_id: shared.ecs_tasks_security_group_id,
      server_name: serverName,
      backend_type: {
        type: "string",
        description: "Implementation that the tools work on: hasura or synapse",
        pattern: "^(?:hasura|synapse)$",
        shape: "hasura or synapse; postgres is for use on one machine",
      },
      hasura_endpoint: {
        ...optional(shared.hasura_endpoint),
        rules: [
          {
            condition: 'var.backend_type != "hasura" || var.hasura_endpoint != null',
            remedy: "backend_type hasura needs the endpoint of Hasura",
          },
        ],
      },
      chat_secrets_arn: {
        ...optional(shared.agent_secret_arn),
        rules: [
          {
            condition: 'var.backend_type != "hasura" || var.chat_secrets_arn != null',
            remedy: "backend_type hasura needs the secret with AGENT_USERNAME and AGENT_PASSWORD",
          },
        ],
      },
      synapse_url: {
        type: "string",
        description: "Address of the homeserver inside the VPC, the output internal_url of chat-synapse",
        default: null,
        rules: [
          {
            condition: 'var.backend_type != "synapse" || var.synapse_url != null',
            remedy: "backend_type synapse needs the output internal_url of chat-synapse",
          },
        ],
      },
      synapse_bot_secret_arn: {
        type: "string",
        description: "Secret with the server's Matrix account, the output bot_secret_arn of chat-synapse",
        default: null,
        rules: [
          {
            condition: 'var.backend_type != "synapse" || var.synapse_bot_secret_arn != null',
            remedy: "backend_type synapse needs the output bot_secret_arn of chat-synapse",
          },
        ],
      },
      clients_secret_arn: {
        type: "string",
        description:
          "Secret in which chat-shared left the clients, the user pool and its domain. By default it is found by the name " +
          "that chat-shared gives it; with it, Terraform makes the clients first",
        pattern: "^arn:aws[a-z-]*:secretsmanager:",
        shape: "the ARN of a secret, the output clients_secret_arn of chat-shared",
        default: null,
      },
      dockerhub_credentials_arn: shared.dockerhub_credentials_arn,
      secret_kms_key_arns: shared.secret_kms_key_arns,
      add_alb_ingress: {
        ...flag(
          `Whether to let the load balancer into the ECS tasks' security group, at port ${MCP_SERVER_PORT}`,
        ),
        rules: [
          {
            condition: "!var.add_alb_ingress || var.alb_security_group_id != null",
            remedy: "the rule needs alb_security_group_id, the load balancer's security group",
          },
        ],
      },
      alb_security_group_id: optional(shared.alb_security_group_id),
      listener_priority: priority("the MCP server", priorities.mcp, "listener_priority"),
      min_tasks: {
        type: "number",
        description: "Minimum number of tasks",
        default: services.mcp.minCount,
        min: 1,
        shape: "a whole number from 1 up",
      },
      max_tasks: {
        type: "number",
        description: "Maximum number of tasks",
        default: services.mcp.maxCount,
        min: 1,
        shape: "a whole number from 1 up",
      },
      mcp_image_tag: imageTag("mcp", "mcp_image_tag"),
    });
    const deployment = stack.deployment(variables);
    const setting = clientsSetting(deployment);
    const backend: McpBackend = synapse
      ? {
          type: "synapse",
          url: variables.synapse_url.string,
          bot: {
            username: secretValue(variables.synapse_bot_secret_arn.string, { key: "username" }),
            password: secretValue(variables.synapse_bot_secret_arn.string, { key: "password" }),
          },
          contentUrlTemplate: development.contentUrlTemplate,
          rules: [],
        }
      : {
          type: "hasura",
          endpoint: variables.hasura_endpoint.string,
          agentClientId: setting("agent_client_id"),
          agentClientSecret: setting("agent_client_secret"),
          agentSecretArn: variables.chat_secrets_arn.string,
          rules: [],
        };
    const { minCount: _min, maxCount: _max, ...size } = services.mcp;
    const module = new ChatMcpServer(stack, MAIN, {
      deployment,
      serverName: variables.server_name.string,
      clusterArn: variables.ecs_cluster_id.string,
      clusterName: text('split("/", var.ecs_cluster_id)[1]'),
      network: { vpcId: variables.vpc_id.string, privateSubnetIds: variables.private_subnet_ids.list },
      listenerArn: variables.alb_listener_arn.string,
      albSecurityGroupId: variables.alb_security_group_id.string,
      ecsTasksSecurityGroupId: variables.ecs_tasks_security_group_id.string,
      priority: variables.listener_priority.number,
      image: {
        uri: imageUri("mcp", "mcp_image_tag"),
        credentialsArn: variables.dockerhub_credentials_arn.string,
      },
      size,
      count: { min: variables.min_tasks.number, max: variables.max_tasks.number },
      backend,
      callers: {
        userPoolId: setting("cognito_user_pool_id"),
        domain: setting("cognito_domain"),
        clientIds: setting("mcp_client_ids"),
        signInClientId: setting("mcp_sign_in_client_id"),
      },
      // Its parity decides which of two secrets seals, so it can't be a variable.
      signInKeyVersion: 1,
      ingressFromAlb: "chat",
    });
    stack.onlyWhere("var.add_alb_ingress", MAIN, "from-alb");
    new TerraformOutput(stack, "url", { description: "Address for MCP clients", value: module.url });
    new TerraformOutput(stack, "service_name", {
      description: "Name of the ECS service",
      value: module.service.name,
    });
    return stack;
  },
};

/**
 * A value of the clients' secret. Without its ARN the secret is named without the six characters that AWS adds: Secrets
 * Manager finds it by that, and a policy by a pattern for them.
 */
function clientsSetting({ project, environment, region, accountId }: ReturnType<ModuleStack["deployment"]>) {
  const name = `arn:aws:secretsmanager:${region}:${accountId}:secret:${project}-${environment}-chat-clients`;
  const arn = (ending: string) => Fn.coalesce([text("var.clients_secret_arn"), `${name}${ending}`]);
  return (key: string) => ({ secretArn: arn("-??????"), valueFrom: `${arn("")}:${key}::` });
}
