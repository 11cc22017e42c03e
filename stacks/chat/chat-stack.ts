import { DataAwsLbListener } from "@cdktf/provider-aws/lib/data-aws-lb-listener";
import { DnsRecord } from "@cdktf/provider-cloudflare/lib/dns-record";
import type { Construct } from "constructs";
import { moduleDeployment } from "../../constructs/deployment.ts";
import { type ImportedResource, readImports } from "../../environments/imports.ts";
import { REPOSITORY } from "../../environments/pipeline-settings.ts";
import type { Environment } from "../../environments/schema.ts";
import { ReadableStack } from "../addresses.ts";
import { Monitoring } from "../monitoring/index.ts";
import { boundaryArn } from "../pipeline/boundary.ts";
import { RUNBOOK_URL, settings } from "../settings.ts";
import { DatabaseCheck } from "./database-check.ts";
import { images } from "./images.ts";
import { addImports } from "./imports.ts";
import { IngressChecks } from "./ingress-checks.ts";
import { type Modules, modules, type StackInputs } from "./modules.ts";
import { outputs } from "./outputs.ts";
import { platform } from "./platform.ts";
import { account, Prerequisites } from "./prerequisites.ts";

/** Everything that one environment has. */
export class ChatStack extends ReadableStack {
  /** @param imports resources to adopt. @default - those of the environment's file */
  constructor(
    scope: Construct,
    environment: Environment,
    imports: readonly ImportedResource[] = readImports(environment.environment),
  ) {
    super(scope, environment.environment);
    const stackInputs = this.inputsAndProviders(environment);
    const parts = modules(this, stackInputs);
    new IngressChecks(this, "ingress", stackInputs, REPOSITORY);
    this.monitoringAndOutputs(stackInputs, parts);
    addImports(this, environment.environment, imports);
  }

  private inputsAndProviders(environment: Environment): StackInputs {
    const { project, region, serverName, state } = environment;
    settings(this, { environment, state, module: "stack", providers: ["cloudflare", "random"] });

    const inputs = platform(this, environment);
    const { accountId } = account(this, environment, inputs);
    new Prerequisites(this, "prerequisites", environment, inputs, REPOSITORY);
    new DnsRecord(this, "dns-record", {
      zoneId: inputs.cloudflareZoneId,
      name: serverName,
      type: "CNAME",
      content: inputs.albDnsName,
      proxied: true,
      ttl: 1,
      comment: `Phenom Chat, ${environment.environment}`,
      // In a zone that flattens CNAME records Cloudflare fills in these settings, and the provider would plan to remove
      // them each time. They belong to the zone's owner.
      lifecycle: { ignoreChanges: ["settings"] },
    });
    return {
      environment,
      inputs,
      images: images(this, environment, inputs.dockerhubCredentialsArn),
      deployment: {
        project,
        environment: environment.environment,
        region,
        accountId,
        permissionsBoundary: boundaryArn({ project, accountId }),
        protectData: environment.production,
        secretKmsKeyArns: inputs.secretKmsKeyArns,
        tags: {},
      },
    };
  }

  private monitoringAndOutputs(stackInputs: StackInputs, parts: Modules): void {
    const { environment, inputs, deployment } = stackInputs;
    const { synapse, hasura, mcp } = parts;
    const { allocatedStorage, memory, maxConnections } = new DatabaseCheck(
      this,
      "rds",
      environment,
      inputs.rdsInstanceIdentifier,
    );
    const monitoring = new Monitoring(this, "monitoring", {
      deployment: moduleDeployment(deployment, "monitoring"),
      addresses: {
        serverName: environment.serverName,
        mcpHealth: `${mcp.url}/health`,
        versions: synapse && `https://${environment.serverName}/_matrix/client/versions`,
        graphql: hasura && `https://${environment.serverName}${inputs.hasuraPublicPath}`,
      },
      alarmEmails: inputs.alarmEmails,
      pagerEndpoints: inputs.pagerEndpoints,
      monthlyBudget: inputs.monthlyBudget,
      runbookUrl: RUNBOOK_URL,
      parts: {
        clusterName: inputs.ecsClusterName,
        loadBalancer: inputs.albArnSuffix,
        database: {
          identifier: inputs.rdsInstanceIdentifier,
          allocatedStorage,
          memory,
          maxConnections,
          replicas: inputs.rdsReplicas,
        },
        certificateArn: new DataAwsLbListener(this, "listener", { arn: inputs.albListenerArn })
          .certificateArn,
        userPool: { id: inputs.userPoolId, clientIds: ourClients(parts) },
        natGatewayIds: inputs.natGatewayIds,
        mcp: { service: mcp.service, backend: environment.mcp.backend },
        synapse: synapse && {
          ...synapse.services,
          members: synapse.members,
          backupVault: synapse.backupVault,
          fileSystemId: synapse.fileSystemId,
          redisNodes: synapse.redisNodes,
        },
        hasura: hasura && {
          targetGroup: inputs.hasuraTargetGroup,
          linkPreview: hasura.linkPreview.function,
          linkPreviewApiId: hasura.linkPreview.apiId,
          userProvisioner: hasura.hasuraLite.userProvisioner,
          memberSync: hasura.hasuraLite.memberSync,
          tokenEnhancement: hasura.hasuraLite.tokenEnhancement,
        },
      },
    });
    outputs(this, stackInputs, parts, monitoring);
  }
}

/** Cognito's clients of the chat. */
const ourClients = ({ shared }: Modules): string[] =>
  [shared.agentClientId, shared.mcpClientId, shared.synapseClientId, shared.adminClientId].filter(
    (id) => id !== undefined,
  );
