import { TerraformOutput } from "cdktf";
import type { Deployment } from "../../constructs/deployment.ts";
import type { Platform } from "../../environments/inputs.ts";
import type { Environment } from "../../environments/schema.ts";
import type { ChatHasuraLite } from "../../modules/chat-hasura-lite/index.ts";
import type { ChatLinkPreview } from "../../modules/chat-link-preview/index.ts";
import type { ChatMcpServer } from "../../modules/chat-mcp-server/index.ts";
import type { ChatShared } from "../../modules/chat-shared/index.ts";
import type { ChatSynapse } from "../../modules/chat-synapse/index.ts";
import { rooms } from "../../shared/chat-rooms.ts";
import type { ReadableStack } from "../addresses.ts";
import type { Monitoring } from "../monitoring/index.ts";
import { operationsOutputs, present } from "./operations-outputs.ts";

export interface Parts {
  readonly environment: Environment;
  readonly deployment: Deployment;
  readonly given: Platform;
  readonly shared: ChatShared;
  readonly synapse: ChatSynapse | undefined;
  readonly hasura: { readonly linkPreview: ChatLinkPreview; readonly hasuraLite: ChatHasuraLite } | undefined;
  readonly mcp: ChatMcpServer;
  readonly monitoring: Monitoring;
}

/** What the next person needs: the operator, the owner of the user pool and of Hasura, the mobile developer. */
export function outputs(
  stack: ReadableStack,
  { environment, deployment, given, shared, synapse, hasura, mcp, monitoring }: Parts,
): void {
  const { serverName, region } = environment;
  const output = (name: string, description: string, value: unknown) =>
    new TerraformOutput(stack, name, { description, value });

  operationsOutputs(stack, { environment, deployment, given, synapse, hasura, mcp }, output);
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
