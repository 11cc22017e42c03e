import { Fn, type TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import { type Deployment, moduleDeployment } from "../../constructs/deployment.ts";
import type { Network } from "../../constructs/fargate-service.ts";
import { foreignIngress } from "../../constructs/foreign-ingress.ts";
import type { Platform } from "../../environments/inputs.ts";
import type { Environment } from "../../environments/schema.ts";
import { ChatHasuraLite } from "../../modules/chat-hasura-lite/index.ts";
import { ChatLinkPreview } from "../../modules/chat-link-preview/index.ts";
import { ChatMcpServer, type McpBackend } from "../../modules/chat-mcp-server/index.ts";
import { ChatShared } from "../../modules/chat-shared/index.ts";
import { type AdminAccess, ChatSynapse, type SynapseTakeOver } from "../../modules/chat-synapse/index.ts";
import type { Images } from "./images.ts";
import { hasuraPort, LambdaSecurityGroup } from "./lambda-security-group.ts";

/** The settings that the modules are made from. */
export interface StackInputs {
  readonly environment: Environment;
  /** References to what exists already and belongs to others. */
  readonly inputs: Platform;
  readonly images: Images;
  readonly deployment: Deployment;
}

/** The modules of an environment. An implementation that is off is `undefined`. */
export interface Modules {
  readonly shared: ChatShared;
  readonly synapse: ChatSynapse | undefined;
  readonly hasura: { readonly linkPreview: ChatLinkPreview; readonly hasuraLite: ChatHasuraLite } | undefined;
  readonly mcp: ChatMcpServer;
  /** Rule by which ECS tasks reach Hasura. Empty if the platform adds it. */
  readonly hasuraIngress: readonly TerraformResource[];
}

/** Makes the modules and connects them: modules know nothing of each other. */
export function modules(scope: Construct, stackInputs: StackInputs): Modules {
  const shared = chatShared(scope, stackInputs);
  const hasura = stackInputs.environment.implementations.hasura ? chatHasura(scope, stackInputs) : undefined;
  const synapse = chatSynapse(scope, stackInputs, shared);
  const hasuraIngress = hasuraFromEcsTasks(scope, stackInputs);
  const mcp = chatMcpServer(scope, stackInputs, shared, synapse, hasuraIngress);
  return { shared, synapse, hasura, mcp, hasuraIngress };
}

function chatShared(scope: Construct, { environment, inputs, deployment }: StackInputs): ChatShared {
  const { serverName, implementations, adminAccess, identityProviders } = environment;
  return new ChatShared(scope, "chat-shared", {
    deployment: moduleDeployment(deployment, "chat-shared"),
    userPoolId: inputs.userPoolId,
    serverName,
    synapse: implementations.synapse,
    adminSignIn: implementations.synapse && adminAccess === "cognito",
    identityProviders: ["COGNITO", ...identityProviders],
  });
}

/** Implementation B: link previews, and what is made of the database and Hasura. */
function chatHasura(scope: Construct, { environment, inputs, images, deployment }: StackInputs) {
  const { ingressRules, secretVersions, contentUrlTemplate } = environment;
  const securityGroup = new LambdaSecurityGroup(scope, "chat-lambdas", {
    deployment: moduleDeployment(deployment, "chat-lambdas"),
    vpcId: inputs.vpcId,
    database: { securityGroupId: inputs.rdsSecurityGroupId, port: inputs.rdsPort },
    hasura: {
      securityGroupId: inputs.ecsTasksSecurityGroupId,
      port: hasuraPort(inputs.hasuraEndpoint),
    },
    ingressRules,
  });
  const lambdaNetwork = {
    subnetIds: inputs.privateSubnetIds,
    securityGroupId: securityGroup.id,
    rules: securityGroup.rules,
  };

  const linkPreview = new ChatLinkPreview(scope, "chat-link-preview", {
    deployment: moduleDeployment(deployment, "chat-link-preview"),
    network: lambdaNetwork,
    hasuraEndpoint: inputs.hasuraEndpoint,
    hasuraAdminSecretArn: inputs.hasuraAdminSecretArn,
    content: {
      endpoint: Fn.coalesce([inputs.contentEndpoint, inputs.hasuraEndpoint]),
      role: inputs.contentRole,
      query: inputs.contentQuery,
      urlTemplate: contentUrlTemplate,
    },
    secretVersion: secretVersions.linkPreviewSecret,
  });
  const hasuraLite = new ChatHasuraLite(scope, "chat-hasura-lite", {
    deployment: moduleDeployment(deployment, "chat-hasura-lite"),
    network: lambdaNetwork,
    database: {
      host: inputs.rdsHost,
      port: inputs.rdsPort,
      name: inputs.rdsDatabase,
      masterSecretArn: inputs.rdsMasterSecretArn,
    },
    hasuraEndpoint: inputs.hasuraEndpoint,
    hasuraAdminSecretArn: inputs.hasuraAdminSecretArn,
    linkPreviewUrl: linkPreview.webhookUrl,
    userPoolId: inputs.userPoolId,
    userPoolArn: inputs.userPoolArn,
    profileOwner: environment.profileOwner,
    messageRetentionDays: environment.messageRetentionDays,
    images,
    provisionerPasswordVersion: secretVersions.userProvisionerPassword,
    provisionerConcurrency: inputs.userProvisionerConcurrency,
  });
  return { linkPreview, hasuraLite };
}

/** Lets the MCP server and the metadata task reach Hasura: all three run in the ECS tasks' security group. */
const hasuraFromEcsTasks = (scope: Construct, { environment, inputs, deployment }: StackInputs) =>
  environment.implementations.hasura
    ? foreignIngress(scope, "hasura-from-ecs-tasks", {
        deployment: moduleDeployment(deployment, "hasura-from-ecs-tasks"),
        owner: environment.ingressRules.hasuraFromEcsTasks,
        securityGroupId: inputs.ecsTasksSecurityGroupId,
        from: inputs.ecsTasksSecurityGroupId,
        port: hasuraPort(inputs.hasuraEndpoint),
        description: "Hasura from the MCP server and the metadata task",
      })
    : [];

/** Implementation A. `undefined` where it is off. */
function chatSynapse(
  scope: Construct,
  { environment, inputs, images, deployment }: StackInputs,
  { synapseClientId, synapseClientSecret, adminClientId }: ChatShared,
): ChatSynapse | undefined {
  // The module has this client exactly where Synapse is on.
  if (!synapseClientId || !synapseClientSecret) return undefined;
  const { federation, jwt, workers, secretVersions } = environment;
  return new ChatSynapse(scope, "chat-synapse", {
    deployment: moduleDeployment(deployment, "chat-synapse"),
    serverName: environment.serverName,
    clusterArn: inputs.ecsClusterArn,
    network: network(inputs),
    listenerArn: inputs.albListenerArn,
    albSecurityGroupId: inputs.albSecurityGroupId,
    ecsTasksSecurityGroupId: inputs.ecsTasksSecurityGroupId,
    priorities: environment.priorities,
    adminAccess: adminAccess(environment, inputs, adminClientId),
    images: { ...images, bootstrap: images.mcp },
    sizes: environment.services,
    database: {
      host: inputs.rdsHost,
      port: inputs.rdsPort,
      securityGroupId: inputs.rdsSecurityGroupId,
      masterSecretArn: inputs.rdsMasterSecretArn,
    },
    cognito: {
      userPoolId: inputs.userPoolId,
      userPoolArn: inputs.userPoolArn,
      domain: inputs.cognitoDomain,
      clientId: synapseClientId,
      clientSecret: synapseClientSecret,
    },
    contentUrlTemplate: environment.contentUrlTemplate,
    maxUploadSize: environment.maxUploadSize,
    ...(federation && { federation }),
    ...(jwt && { jwt }),
    previewHosts: environment.previewHosts,
    oldSigningKeys: environment.oldSigningKeys,
    ...(workers && { workers: workerSettings(workers) }),
    secretVersions: {
      registrationSharedSecret: secretVersions.synapseRegistrationSharedSecret,
      macaroonSecretKey: secretVersions.synapseMacaroonSecretKey,
      formSecret: secretVersions.synapseFormSecret,
      signingKey: secretVersions.synapseSigningKey,
      databasePassword: secretVersions.synapseDatabasePassword,
      botPassword: secretVersions.synapseBotPassword,
      adminBotPassword: secretVersions.synapseAdminBotPassword,
      replicationSecret: secretVersions.synapseReplicationSecret,
    },
    takeOver: takeOver(environment),
    ingressRules: environment.ingressRules,
  });
}

/** The values to take over, by the module's names of its secrets. */
const takeOver = ({ takeOver }: Environment): SynapseTakeOver =>
  Object.fromEntries(
    Object.entries(takeOver).map(([secret, { secretArn, key }]) => [
      secret.replace(/^synapse(.)/, (_, first: string) => first.toLowerCase()),
      { secretArn, ...(key !== undefined && { key }) },
    ]),
  );

function chatMcpServer(
  scope: Construct,
  { environment, inputs, images, deployment }: StackInputs,
  shared: ChatShared,
  synapse: ChatSynapse | undefined,
  hasuraIngress: readonly TerraformResource[],
): ChatMcpServer {
  const { serverName, contentUrlTemplate } = environment;
  const backend: McpBackend =
    environment.mcp.backend === "synapse" && synapse
      ? {
          type: "synapse",
          url: synapse.url,
          bot: synapse.bot,
          contentUrlTemplate,
          rules: synapse.ingressRules,
        }
      : {
          type: "hasura",
          endpoint: inputs.hasuraEndpoint,
          agentClientId: shared.agentClientId,
          agentClientSecret: shared.agentClientSecret,
          agentSecretArn: inputs.agentSecretArn,
          rules: hasuraIngress,
        };
  const { minCount, maxCount, ...size } = environment.services.mcp;
  return new ChatMcpServer(scope, "chat-mcp-server", {
    deployment: moduleDeployment(deployment, "chat-mcp-server"),
    serverName,
    clusterArn: inputs.ecsClusterArn,
    clusterName: inputs.ecsClusterName,
    network: network(inputs),
    listenerArn: inputs.albListenerArn,
    albSecurityGroupId: inputs.albSecurityGroupId,
    ecsTasksSecurityGroupId: inputs.ecsTasksSecurityGroupId,
    priority: environment.priorities.mcp,
    image: images.mcp,
    size,
    count: { min: minCount, max: maxCount },
    backend,
    callers: {
      userPoolId: inputs.userPoolId,
      domain: inputs.cognitoDomain,
      clientIds: [shared.agentClientId, shared.mcpClientId],
      signInClientId: shared.mcpClientId,
    },
    signInKeyVersion: environment.secretVersions.signInKey,
    corsOrigins: environment.mcp.corsOrigins,
    ingressFromAlb: environment.ingressRules.mcpFromAlb,
  });
}

const network = (inputs: Platform): Network => ({
  vpcId: inputs.vpcId,
  privateSubnetIds: inputs.privateSubnetIds,
});

const workerSettings = ({ size, redisNodeType, ...counts }: NonNullable<Environment["workers"]>) => ({
  counts,
  size,
  redisNodeType,
});

function adminAccess(
  { adminAccess: mode }: Environment,
  inputs: Platform,
  clientId: string | undefined,
): AdminAccess {
  return mode === "cognito" && clientId
    ? { mode, signIn: { userPoolArn: inputs.userPoolArn, clientId, domain: inputs.cognitoDomain } }
    : { mode: mode === "open" ? "open" : "closed" };
}
