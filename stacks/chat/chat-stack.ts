import { DataAwsCallerIdentity } from "@cdktf/provider-aws/lib/data-aws-caller-identity";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { DnsRecord } from "@cdktf/provider-cloudflare/lib/dns-record";
import { CloudflareProvider } from "@cdktf/provider-cloudflare/lib/provider";
import { Fn, S3Backend } from "cdktf";
import type { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";
import type { Platform } from "../../environments/inputs.ts";
import type { Environment } from "../../environments/schema.ts";
import { ChatHasuraLite } from "../../modules/chat-hasura-lite/index.ts";
import { ChatLinkPreview } from "../../modules/chat-link-preview/index.ts";
import { ChatMcpServer, type McpBackend } from "../../modules/chat-mcp-server/index.ts";
import { ChatShared } from "../../modules/chat-shared/index.ts";
import { type AdminAccess, ChatSynapse } from "../../modules/chat-synapse/index.ts";
import { ReadableStack } from "../addresses.ts";
import { Monitoring } from "../monitoring/index.ts";
import { DatabaseCheck } from "./database-check.ts";
import { images } from "./images.ts";
import { LambdaSecurityGroup } from "./lambda-security-group.ts";
import { tagModule } from "./module-tags.ts";
import { outputs } from "./outputs.ts";
import { platform } from "./platform.ts";

export const REPOSITORY = "Phenom-earth/phenom-chat";
/** Where the mail of an alarm sends whoever reads it. */
const RUNBOOK_URL = `https://github.com/${REPOSITORY}/blob/main/docs/runbook.md`;
/** `random` and Terraform itself are the versions that ephemeral values and write-only arguments take. */
export const TERRAFORM_VERSION = ">= 1.11.0";
const RANDOM_PROVIDER = { source: "hashicorp/random", version: "~> 3.7" };

/** Everything that one environment has. */
export class ChatStack extends ReadableStack {
  constructor(scope: Construct, environment: Environment) {
    super(scope, environment.environment);
    const { project, region, serverName, implementations, priorities, manageIngress, secretVersions } =
      environment;

    this.backendAndProviders(environment);
    const given = platform(this, environment);
    const image = images(this, environment, given.dockerhubCredentialsArn);
    const deployment: Deployment = {
      project,
      environment: environment.environment,
      region,
      accountId: new DataAwsCallerIdentity(this, "current").accountId,
      protectData: environment.production,
    };
    const network = { vpcId: given.vpcId, privateSubnetIds: given.privateSubnetIds };
    const database = {
      host: given.rdsHost,
      port: given.rdsPort,
      securityGroupId: given.rdsSecurityGroupId,
      masterSecretArn: given.rdsMasterSecretArn,
    };

    new DnsRecord(this, "dns-record", {
      zoneId: given.cloudflareZoneId,
      name: serverName,
      type: "CNAME",
      content: given.albDnsName,
      proxied: true,
      ttl: 1,
      comment: `Phenom Chat, ${environment.environment}`,
    });

    const shared = tagModule(
      new ChatShared(this, "chat-shared", {
        deployment,
        userPoolId: given.userPoolId,
        serverName,
        synapse: implementations.synapse,
        adminSignIn: implementations.synapse && environment.adminAccess === "cognito",
        ...(environment.mcp.interactiveClient && { interactiveMcp: environment.mcp.interactiveClient }),
      }),
    );

    const hasura = implementations.hasura ? this.hasura(environment, given, deployment, image) : undefined;

    const synapse =
      implementations.synapse && shared.synapseClientId && shared.synapseClientSecret
        ? tagModule(
            new ChatSynapse(this, "chat-synapse", {
              deployment,
              serverName,
              clusterArn: given.ecsClusterArn,
              network,
              listenerArn: given.albListenerArn,
              albSecurityGroupId: given.albSecurityGroupId,
              ecsTasksSecurityGroupId: given.ecsTasksSecurityGroupId,
              priorities,
              adminAccess: adminAccess(environment, given, shared.adminClientId),
              images: { ...image, bootstrap: image.mcp },
              sizes: environment.services,
              database,
              cognito: {
                userPoolId: given.userPoolId,
                userPoolArn: given.userPoolArn,
                domain: given.cognitoDomain,
                clientId: shared.synapseClientId,
                clientSecret: shared.synapseClientSecret,
              },
              contentUrlTemplate: environment.contentUrlTemplate,
              ...(environment.federation && { federation: environment.federation }),
              ...(environment.jwt && { jwt: environment.jwt }),
              previewHosts: environment.previewHosts,
              oldSigningKeys: environment.oldSigningKeys,
              ...(environment.workers && { workers: workers(environment.workers) }),
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
              manageIngress,
            }),
          )
        : undefined;

    const backend: McpBackend =
      environment.mcp.backend === "synapse" && synapse
        ? {
            type: "synapse",
            url: synapse.url,
            bot: synapse.bot,
            contentUrlTemplate: environment.contentUrlTemplate,
          }
        : {
            type: "hasura",
            endpoint: given.hasuraEndpoint,
            agentClientId: shared.agentClientId,
            agentClientSecret: shared.agentClientSecret,
            agentSecretArn: given.agentSecretArn,
          };
    const { minCount, maxCount, ...mcpSize } = environment.services.mcp;
    const mcp = tagModule(
      new ChatMcpServer(this, "chat-mcp-server", {
        deployment,
        serverName,
        clusterArn: given.ecsClusterArn,
        clusterName: given.ecsClusterName,
        network,
        listenerArn: given.albListenerArn,
        albSecurityGroupId: given.albSecurityGroupId,
        ecsTasksSecurityGroupId: given.ecsTasksSecurityGroupId,
        priority: priorities.mcp,
        image: image.mcp,
        size: mcpSize,
        count: { min: minCount, max: maxCount },
        backend,
        callers: {
          userPoolId: given.userPoolId,
          domain: given.cognitoDomain,
          clientIds: [shared.agentClientId, ...(shared.mcpClientId ? [shared.mcpClientId] : [])],
        },
        manageIngress: manageIngress.ecsTasks,
      }),
    );

    const { allocatedStorage } = new DatabaseCheck(this, "rds", environment, given.rdsInstanceIdentifier);
    const monitoring = tagModule(
      new Monitoring(this, "monitoring", {
        deployment,
        alarmEmails: given.alarmEmails,
        runbookUrl: RUNBOOK_URL,
        parts: {
          clusterName: given.ecsClusterName,
          loadBalancer: given.albArnSuffix,
          database: { identifier: given.rdsInstanceIdentifier, allocatedStorage },
          mcp: { service: mcp.service, backend: backend.type },
          synapse: synapse && {
            ...synapse.services,
            backupVault: synapse.backupVault,
            redisNodes: synapse.redisNodes,
          },
          hasura: hasura && {
            linkPreview: hasura.linkPreview.function,
            linkPreviewApiId: hasura.linkPreview.apiId,
            userProvisioner: hasura.hasuraLite.userProvisioner,
            tokenEnhancement: hasura.hasuraLite.tokenEnhancement,
          },
        },
      }),
    );

    outputs(this, { environment, deployment, given, shared, synapse, hasura, mcp, monitoring });
  }

  /** Implementation B: link previews, and what is made of the database and Hasura. */
  private hasura(
    environment: Environment,
    given: Platform,
    deployment: Deployment,
    image: ReturnType<typeof images>,
  ) {
    const { manageIngress, secretVersions, contentUrlTemplate } = environment;
    const securityGroup = tagModule(
      new LambdaSecurityGroup(this, "chat-lambdas", {
        deployment,
        vpcId: given.vpcId,
        database: { securityGroupId: given.rdsSecurityGroupId, port: given.rdsPort },
        hasura: {
          securityGroupId: given.ecsTasksSecurityGroupId,
          port: Fn.tonumber(Fn.element(Fn.regex(":([0-9]+)/", given.hasuraEndpoint), 0)),
        },
        manageIngress,
      }),
    );
    const network = { subnetIds: given.privateSubnetIds, securityGroupId: securityGroup.id };

    const linkPreview = tagModule(
      new ChatLinkPreview(this, "chat-link-preview", {
        deployment,
        network,
        hasuraEndpoint: given.hasuraEndpoint,
        hasuraAdminSecretArn: given.hasuraAdminSecretArn,
        content: {
          endpoint: Fn.coalesce([given.contentEndpoint, given.hasuraEndpoint]),
          query: given.contentQuery,
          urlTemplate: contentUrlTemplate,
        },
        secretVersion: secretVersions.linkPreviewSecret,
      }),
    );
    const hasuraLite = tagModule(
      new ChatHasuraLite(this, "chat-hasura-lite", {
        deployment,
        network,
        database: {
          host: given.rdsHost,
          port: given.rdsPort,
          name: given.rdsDatabase,
          masterSecretArn: given.rdsMasterSecretArn,
        },
        hasuraEndpoint: given.hasuraEndpoint,
        hasuraAdminSecretArn: given.hasuraAdminSecretArn,
        linkPreviewUrl: linkPreview.webhookUrl,
        userPoolArn: given.userPoolArn,
        images: image,
        provisionerPasswordVersion: secretVersions.userProvisionerPassword,
      }),
    );
    return { linkPreview, hasuraLite };
  }

  private backendAndProviders({ environment, project, region, state }: Environment): void {
    const backend = new S3Backend(this, { ...state, encrypt: true });
    // CDKTF's class doesn't know the lock file that Terraform keeps in S3 itself.
    backend.addOverride("use_lockfile", true);
    new AwsProvider(this, "aws", {
      region,
      defaultTags: [
        { tags: { Project: project, Environment: environment, Repository: REPOSITORY, Module: "stack" } },
      ],
    });
    new CloudflareProvider(this, "cloudflare", {});
    this.addOverride("terraform.required_version", TERRAFORM_VERSION);
    this.addOverride("terraform.required_providers.random", RANDOM_PROVIDER);
  }
}

const workers = ({ size, redisNodeType, ...counts }: NonNullable<Environment["workers"]>) => ({
  counts,
  size,
  redisNodeType,
});

function adminAccess(
  { adminAccess: mode }: Environment,
  given: Platform,
  clientId: string | undefined,
): AdminAccess {
  return mode === "cognito" && clientId
    ? { mode, signIn: { userPoolArn: given.userPoolArn, clientId, domain: given.cognitoDomain } }
    : { mode: mode === "open" ? "open" : "closed" };
}
