import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { DnsRecord } from "@cdktf/provider-cloudflare/lib/dns-record";
import { CloudflareProvider } from "@cdktf/provider-cloudflare/lib/provider";
import { S3Backend } from "cdktf";
import type { Construct } from "constructs";
import { moduleDeployment } from "../../constructs/deployment.ts";
import { type ImportedResource, readImports } from "../../environments/imports.ts";
import { REPOSITORY } from "../../environments/pipeline-settings.ts";
import type { Environment } from "../../environments/schema.ts";
import { ReadableStack } from "../addresses.ts";
import { Monitoring } from "../monitoring/index.ts";
import { boundaryArn } from "../pipeline/boundary.ts";
import { DatabaseCheck } from "./database-check.ts";
import { images } from "./images.ts";
import { addImports } from "./imports.ts";
import { IngressChecks } from "./ingress-checks.ts";
import { type Modules, modules, type StackInputs } from "./modules.ts";
import { outputs } from "./outputs.ts";
import { platform } from "./platform.ts";
import { account, Prerequisites } from "./prerequisites.ts";

/** Linked in every alarm's mail. */
const RUNBOOK_URL = `https://github.com/${REPOSITORY}/blob/main/docs/runbook.md`;
/** `random` and Terraform itself are the versions that ephemeral values and write-only arguments take. */
export const TERRAFORM_VERSION = ">= 1.11.0";
/**
 * CDKTF's classes know 6.25. Until 6.26 a plan reads write-only secrets, which the planning role may not.
 * https://github.com/hashicorp/terraform-provider-aws/pull/44876
 */
export const AWS_PROVIDER_VERSION = "~> 6.27";
const randomProvider = { source: "hashicorp/random", version: "~> 3.7" };

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
    const backend = new S3Backend(this, { ...state, encrypt: true });
    // CDKTF's class doesn't know the lock file that Terraform keeps in S3 itself.
    backend.addOverride("use_lockfile", true);
    new AwsProvider(this, "aws", {
      region,
      defaultTags: [
        {
          tags: {
            Project: project,
            Environment: environment.environment,
            Repository: REPOSITORY,
            Module: "stack",
          },
        },
      ],
    });
    new CloudflareProvider(this, "cloudflare", {});
    this.addOverride("terraform.required_version", TERRAFORM_VERSION);
    this.addOverride("terraform.required_providers.random", randomProvider);
    this.addOverride("terraform.required_providers.aws.version", AWS_PROVIDER_VERSION);

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
    const { allocatedStorage, maxConnections } = new DatabaseCheck(
      this,
      "rds",
      environment,
      inputs.rdsInstanceIdentifier,
    );
    const monitoring = new Monitoring(this, "monitoring", {
      deployment: moduleDeployment(deployment, "monitoring"),
      alarmEmails: inputs.alarmEmails,
      runbookUrl: RUNBOOK_URL,
      parts: {
        clusterName: inputs.ecsClusterName,
        loadBalancer: inputs.albArnSuffix,
        database: { identifier: inputs.rdsInstanceIdentifier, allocatedStorage, maxConnections },
        mcp: { service: mcp.service, backend: environment.mcp.backend },
        synapse: synapse && {
          ...synapse.services,
          members: synapse.members,
          backupVault: synapse.backupVault,
          redisNodes: synapse.redisNodes,
        },
        hasura: hasura && {
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
