import { TerraformOutput } from "cdktf";
import { rooms } from "../migrations/rooms.ts";
import type { ChatHasuraLite } from "../modules/chat-hasura-lite/index.ts";
import type { ChatLinkPreview } from "../modules/chat-link-preview/index.ts";
import type { ChatMcpServer } from "../modules/chat-mcp-server/index.ts";
import type { ChatShared } from "../modules/chat-shared/index.ts";
import type { ChatSynapse } from "../modules/chat-synapse/index.ts";
import type { Monitoring } from "../monitoring/index.ts";
import type { ReadableStack } from "./addresses.ts";
import type { Environment } from "./environment.ts";
import type { Platform } from "./platform.ts";

interface Parts {
  readonly environment: Environment;
  readonly given: Platform;
  readonly shared: ChatShared;
  readonly synapse: ChatSynapse | undefined;
  readonly hasura: { readonly linkPreview: ChatLinkPreview; readonly hasuraLite: ChatHasuraLite } | undefined;
  readonly mcp: ChatMcpServer;
  readonly monitoring: Monitoring;
}

const present = <T>(record: Record<string, T | undefined>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter((entry): entry is [string, T] => entry[1] !== undefined));

/** What the next person needs: the operator, the owner of the user pool and of Hasura, the mobile developer. */
export function outputs(
  stack: ReadableStack,
  { environment, given, shared, synapse, hasura, mcp, monitoring }: Parts,
): void {
  const { serverName, region } = environment;
  const output = (name: string, description: string, value: unknown) =>
    new TerraformOutput(stack, name, { description, value });

  output("cluster", "ECS cluster of the services and one-shot tasks", given.ecsClusterName);
  output(
    "services",
    "ECS services by part",
    present({
      synapse: synapse?.services.synapse.name,
      synapse_admin: synapse?.services.synapseAdmin?.name,
      mcp: mcp.service.name,
    }),
  );
  const task = (family: string, securityGroupId: string) => ({
    family,
    subnets: given.privateSubnetIds,
    security_groups: [securityGroupId],
  });
  output(
    "one_shot_tasks",
    "Task definition families to run once, with where they run",
    present({
      migration: hasura && task(hasura.hasuraLite.taskFamilies.migration, given.ecsTasksSecurityGroupId),
      metadata: hasura && task(hasura.hasuraLite.taskFamilies.metadata, given.ecsTasksSecurityGroupId),
      database_setup: synapse && task(synapse.taskFamilies.databaseSetup, synapse.securityGroupId),
      bootstrap: synapse && task(synapse.taskFamilies.bootstrap, given.ecsTasksSecurityGroupId),
    }),
  );
  output(
    "urls",
    "Where people and programs reach the chat",
    present({
      homeserver: synapse && `https://${serverName}`,
      admin_ui:
        synapse && environment.adminAccess !== "closed" ? `https://${serverName}/chat-admin/` : undefined,
      graphql: hasura && `https://${serverName}${given.hasuraPublicPath}`,
      mcp: mcp.url,
      mcp_health: `${mcp.url}/health`,
    }),
  );
  output("secret_arns", "Secrets that this stack keeps", {
    clients: shared.clientsSecretArn,
    ...(hasura && { link_preview_webhook: hasura.linkPreview.webhookSecretArn }),
    ...(synapse &&
      Object.fromEntries(Object.entries(synapse.secretArns).map(([name, arn]) => [`synapse_${name}`, arn]))),
  });
  if (hasura) {
    output(
      "cognito_triggers",
      "Functions for the owner of the user pool to attach: in aws_cognito_user_pool's lambda_config set " +
        "post_authentication to the first, and pre_token_generation_config { lambda_arn, lambda_version V2_0 } to the " +
        "second. Both already allow the pool to invoke them",
      {
        post_authentication: hasura.hasuraLite.userProvisioner.arn,
        pre_token_generation: hasura.hasuraLite.tokenEnhancement.arn,
      },
    );
    output(
      "hasura_event_trigger",
      "For the owner of Hasura's service: set CHAT_LINK_PREVIEW_SECRET from the secret, before the metadata task runs",
      {
        webhook_url: hasura.linkPreview.webhookUrl,
        environment_variable: "CHAT_LINK_PREVIEW_SECRET",
        secret_arn: hasura.linkPreview.webhookSecretArn,
      },
    );
  }
  if (synapse)
    output(
      "synapse_homeserver_yaml",
      "homeserver.yaml as deployed, here so that a plan shows how it changes",
      synapse.homeserverYaml,
    );
  output(
    "cognito_client_ids",
    "Clients for those who sign in",
    present({
      agent: shared.agentClientId,
      mcp_interactive: shared.mcpClientId,
      synapse: shared.synapseClientId,
      admin: shared.adminClientId,
    }),
  );
  output("dashboard", "CloudWatch dashboard of this environment", monitoring.dashboardName);
  output("alarm_topic_arn", "Topic that alarms are sent to", monitoring.topicArn);
  output("chatConfig", "The one input of the mobile app", {
    ...(synapse && { synapse: { homeserverUrl: `https://${serverName}`, serverName } }),
    ...(hasura && {
      hasura: {
        httpEndpoint: `https://${serverName}${given.hasuraPublicPath}`,
        wsEndpoint: `wss://${serverName}${given.hasuraPublicPath}`,
      },
    }),
    cognito: { userPoolId: given.userPoolId, region },
    rooms,
  });
}
