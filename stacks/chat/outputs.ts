import { TerraformOutput, TerraformVariable } from "cdktf";
import { outputsSchema, type StackOutputs } from "../../environments/outputs.ts";
import { rooms } from "../../shared/chat-rooms.ts";
import { MOBILE_SIGNED_OUT } from "../../shared/matrix-names.ts";
import type { ReadableStack } from "../addresses.ts";
import type { Monitoring } from "../monitoring/index.ts";
import type { Modules, StackInputs } from "./modules.ts";
import { operationsOutputs } from "./operations-outputs.ts";

/** Writes the outputs for operators, the mobile app, and the owners of the user pool and of Hasura. */
export function outputs(
  stack: ReadableStack,
  stackInputs: StackInputs,
  modules: Modules,
  monitoring: Monitoring,
): void {
  const values: StackOutputs = {
    ...operationsOutputs(stack, stackInputs, modules),
    inputs: variables(stack),
    ...userOutputs(stackInputs, modules),
    dashboard: monitoring.dashboardName,
    alarm_topic_arn: monitoring.topicArn,
    page_topic_arn: monitoring.pageTopicArn,
  };
  for (const [name, { description = "" }] of Object.entries(outputsSchema.shape)) {
    const value = values[name as keyof StackOutputs];
    if (value !== undefined) new TerraformOutput(stack, name, { description, value });
  }
}

/** The variables by name; an output can't show a sensitive one. */
const variables = (stack: ReadableStack) =>
  Object.fromEntries(
    stack.node
      .findAll()
      .filter((construct) => construct instanceof TerraformVariable)
      .filter(({ sensitive }) => !sensitive)
      .map((variable) => [variable.node.id, variable.value]),
  );

type OperationsOutput = keyof ReturnType<typeof operationsOutputs>;

function userOutputs(
  { environment, inputs }: StackInputs,
  { shared, synapse, hasura, mcp }: Modules,
): Omit<StackOutputs, OperationsOutput | "inputs" | "dashboard" | "alarm_topic_arn" | "page_topic_arn"> {
  const { serverName, region } = environment;
  const graphqlHost = `${serverName}${inputs.hasuraPublicPath}`;
  const signInDomain = `${inputs.cognitoDomain}.auth.${region}.amazoncognito.com`;
  const signOutClientId = shared.synapseClientId ?? shared.mcpClientId;
  return {
    urls: {
      homeserver: synapse && `https://${serverName}`,
      admin_ui:
        synapse && environment.adminAccess !== "closed" ? `https://${serverName}/chat-admin/` : undefined,
      graphql: hasura && `https://${graphqlHost}`,
      mcp: mcp.url,
      mcp_health: `${mcp.url}/health`,
    },
    mcp_connect: connectCommands(mcp.url),
    secret_arns: {
      clients: shared.clientsSecretArn,
      link_preview_webhook: hasura?.linkPreview.webhookSecretArn,
      ...Object.fromEntries(
        Object.entries(synapse?.secretArns ?? {}).map(([name, arn]) => [`synapse_${name}`, arn]),
      ),
    },
    cognito_triggers: hasura && {
      post_authentication: hasura.hasuraLite.userProvisioner.arn,
      post_confirmation: hasura.hasuraLite.userProvisioner.arn,
      pre_token_generation: hasura.hasuraLite.tokenEnhancement.arn,
    },
    hasura_event_trigger: hasura && {
      webhook_url: hasura.linkPreview.webhookUrl,
      environment_variable: "CHAT_LINK_PREVIEW_SECRET",
      secret_arn: hasura.linkPreview.webhookSecretArn,
    },
    synapse_homeserver_yaml: synapse?.homeserverYaml,
    cognito_client_ids: {
      agent: shared.agentClientId,
      mcp_interactive: shared.mcpClientId,
      synapse: shared.synapseClientId,
      admin: shared.adminClientId,
    },
    chatConfig: {
      synapse: synapse && { homeserverUrl: `https://${serverName}`, serverName },
      hasura: hasura && { httpEndpoint: `https://${graphqlHost}`, wsEndpoint: `wss://${graphqlHost}` },
      cognito: {
        userPoolId: inputs.userPoolId,
        region,
        clientId: signOutClientId,
        domain: signInDomain,
        signOutUrl: `https://${signInDomain}/logout?client_id=${signOutClientId}&logout_uri=${encodeURIComponent(MOBILE_SIGNED_OUT)}`,
      },
      rooms,
    },
  };
}

/** Commands of MCP clients, as docs/connect-your-client.md explains them. */
const connectCommands = (url: string) => ({
  claude_code: `claude mcp add --transport http phenom-chat ${url}`,
  codex: `codex mcp add phenom-chat --url ${url}`,
  gemini_cli: `gemini mcp add --transport http phenom-chat ${url}`,
  vs_code: `code --add-mcp '${JSON.stringify({ name: "phenom-chat", type: "http", url })}'`,
  other_programs: `npx mcp-remote ${url}`,
});
