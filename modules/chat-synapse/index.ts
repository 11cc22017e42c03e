import { SecretsmanagerSecretVersion } from "@cdktf/provider-aws/lib/secretsmanager-secret-version";
import { ServiceDiscoveryPrivateDnsNamespace } from "@cdktf/provider-aws/lib/service-discovery-private-dns-namespace";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import type { TerraformResource } from "cdktf";
import { Construct } from "constructs";
import { discoveryService } from "../../constructs/discovery.ts";
import { yamlencode } from "../../constructs/encode.ts";
import { FargateService } from "../../constructs/fargate-service.ts";
import type { FargateTask } from "../../constructs/fargate-task.ts";
import { Secret, type SecretValue } from "../../constructs/generated-secret.ts";
import type { NodeLambda } from "../../constructs/node-lambda.ts";
import { adminAction } from "./admin-ui/access.ts";
import { adminUi } from "./admin-ui/ui.ts";
import { homeserverConfig } from "./homeserver/config.ts";
import { SYNAPSE_PORT, SYNAPSE_UID } from "./homeserver/container.ts";
import { DEREGISTRATION_DELAY, type SynapseProcess, synapseService } from "./homeserver/service.ts";
import { type HomeserverRule, homeserverRule } from "./homeserver-rule.ts";
import { MediaStore, NFS_PORT } from "./media/store.ts";
import { membersFunction } from "./members.ts";
import type { ChatSynapseProps } from "./props.ts";
import { SynapseSecrets } from "./secrets.ts";
import { synapseSecurityGroup } from "./security-group.ts";
import { bootstrapTask, databaseSetupTask, synapseDatabase } from "./tasks/one-shot-tasks.ts";
import { Redis } from "./workers/redis.ts";
import { Workers } from "./workers/services.ts";
import type { WorkerTopology } from "./workers/workers.ts";

export type { AdminAccess } from "./admin-ui/access.ts";
export type { ChatSynapseProps } from "./props.ts";
export type { SynapseTakeOver } from "./secrets.ts";

/** Implementation A: a Synapse homeserver, its admin UI, and the tasks that set them up. */
export class ChatSynapse extends Construct {
  /** ECS services; the workers by their names, such as `sync-1`. There is no admin UI if its access is closed. */
  readonly services: {
    readonly synapse: FargateService;
    readonly synapseAdmin: FargateService | undefined;
    readonly workers: Readonly<Record<string, FargateService>>;
  };
  /** Name of the vault that holds the media's backups. */
  readonly backupVault: string;
  /** File system of the media. */
  readonly fileSystemId: string;
  /** Nodes of the workers' Redis as metrics name them; empty without workers. */
  readonly redisNodes: readonly string[];
  /** One-shot tasks that make the database, and the bots, rooms and members. */
  readonly tasks: { readonly databaseSetup: FargateTask; readonly bootstrap: FargateTask };
  /** Brings the private rooms in line with the Cognito groups, on a schedule; erases people. */
  readonly members: NodeLambda;
  /** Security group of Synapse, its workers and the database setup task. */
  readonly securityGroupId: string;
  /** Security group rules that a task in that group needs to reach its image, its log and the database. */
  readonly egressRules: readonly TerraformResource[];
  /** Security group rules by which the load balancer and the ECS tasks reach the homeserver. */
  readonly ingressRules: readonly TerraformResource[];
  /** Address of the homeserver inside the VPC. */
  readonly url: string;
  /** Credentials of the MCP server's Matrix account. */
  readonly bot: { readonly username: SecretValue; readonly password: SecretValue };
  /** The module's secrets by name. */
  readonly secretArns: Readonly<Record<string, string>>;
  /** `homeserver.yaml` as it is deployed. It holds no secret. */
  readonly homeserverYaml: string;

  constructor(scope: Construct, id: string, props: ChatSynapseProps) {
    super(scope, id);
    const { deployment, network } = props;
    const { project } = deployment;

    const secrets = new SynapseSecrets(this, "secret", deployment, props.secretVersions, {
      workers: props.workers !== undefined,
      ...(props.takeOver && { takeOver: props.takeOver }),
    });
    const group = synapseSecurityGroup(this, `${project}-synapse`, props);
    const securityGroupId = group.securityGroup.id;
    const media = this.mediaStore(props, securityGroupId);
    const namespace = new ServiceDiscoveryPrivateDnsNamespace(this, "namespace", {
      name: `${project}-chat.internal`,
      description: "Services of the chat inside the VPC",
      vpc: network.vpcId,
      tags: deployment.tags,
    });

    const redis =
      props.workers &&
      new Redis(this, "redis", {
        deployment,
        network,
        clientSecurityGroupId: securityGroupId,
        nodeType: props.workers.redisNodeType,
      });
    const config = new Secret(this, "homeserver-config", {
      deployment,
      name: `${project}-synapse-homeserver-config`,
      description: "homeserver.yaml, without secrets: those are files of their own",
    });
    this.homeserverYaml = this.renderConfig(props, redis, namespace.name);
    const configVersion = new SecretsmanagerSecretVersion(this, "homeserver-config-version", {
      secretId: config.id,
      secretString: this.homeserverYaml,
      // The previous configuration keeps its label AWSPREVIOUS, so that a service that rolls back still starts.
      lifecycle: { createBeforeDestroy: true },
    });

    const rule = homeserverRule(this, props);
    const process: SynapseProcess = {
      props,
      securityGroupId,
      secrets,
      config,
      configVersion,
      media,
      rules: [...group.ingressRules, ...group.egressRules, ...(redis?.rules ?? [])],
    };
    const homeserver = this.homeserver(process, namespace.id, rule);
    const workers =
      props.workers &&
      new Workers(this, "workers", {
        process,
        counts: props.workers.counts,
        size: props.workers.size,
        namespaceId: namespace.id,
        main: homeserver.dependable,
      });
    media.allow(workers?.mediaRoleArn ?? homeserver.task.roleArn);
    const admin = adminUi(this, props, rule);

    this.url = `http://synapse.${namespace.name}:${SYNAPSE_PORT}`;
    this.services = {
      synapse: homeserver,
      synapseAdmin: admin,
      workers: workers?.services ?? {},
    };
    this.backupVault = media.backupVault;
    this.fileSystemId = media.fileSystemId;
    this.redisNodes = redis?.nodes ?? [];
    this.tasks = {
      databaseSetup: databaseSetupTask(this, props, secrets),
      bootstrap: bootstrapTask(this, props, secrets, this.url),
    };
    this.members = membersFunction(this, props, secrets, this.url, group.ingressRules);
    this.securityGroupId = securityGroupId;
    this.egressRules = group.egressRules;
    this.ingressRules = group.ingressRules;
    this.bot = { username: secrets.bot.read("username"), password: secrets.bot.read("password") };
    this.secretArns = {
      homeserverConfig: config.arn,
      registrationSharedSecret: secrets.registrationSharedSecret.arn,
      macaroonSecretKey: secrets.macaroonSecretKey.arn,
      formSecret: secrets.formSecret.arn,
      signingKey: secrets.signingKey.arn,
      databasePassword: secrets.databasePassword.arn,
      bot: secrets.bot.arn,
      adminBot: secrets.adminBot.arn,
      ...(secrets.replicationSecret && { replicationSecret: secrets.replicationSecret.arn }),
    };
  }

  private mediaStore({ deployment, network }: ChatSynapseProps, clientSecurityGroupId: string): MediaStore {
    const media = new MediaStore(this, "media", {
      deployment,
      network,
      clientSecurityGroupId,
      owner: SYNAPSE_UID,
    });
    const toMedia = new VpcSecurityGroupEgressRule(this, "to-media", {
      securityGroupId: clientSecurityGroupId,
      description: "NFS to the media store",
      referencedSecurityGroupId: media.securityGroupId,
      ipProtocol: "tcp",
      fromPort: NFS_PORT,
      toPort: NFS_PORT,
      tags: deployment.tags,
    });
    media.dependencies.push(toMedia);
    return media;
  }

  private renderConfig(props: ChatSynapseProps, redis: Redis | undefined, namespace: string): string {
    const { deployment, cognito, database, workers } = props;
    const { region } = deployment;
    const topology: WorkerTopology | undefined =
      workers && redis
        ? {
            counts: workers.counts,
            redis,
            hostOf: (process) => `${process === "main" ? "synapse" : `synapse-${process.name}`}.${namespace}`,
          }
        : undefined;
    return yamlencode(
      homeserverConfig({
        serverName: props.serverName,
        region,
        userPoolId: cognito.userPoolId,
        cognitoDomainHost: `${cognito.domain}.auth.${region}.amazoncognito.com`,
        oidcClientId: cognito.clientId,
        database: {
          host: database.host,
          port: database.port,
          name: synapseDatabase.name,
          user: synapseDatabase.user,
        },
        contentUrlTemplate: props.contentUrlTemplate,
        maxUploadSize: props.maxUploadSize,
        ...(props.federation && { federation: props.federation }),
        ...(props.jwt && { jwt: props.jwt }),
        ...(props.previewHosts && { previewHosts: props.previewHosts }),
        ...(props.oldSigningKeys && { oldSigningKeys: props.oldSigningKeys }),
        ...(topology && { workers: topology }),
      }),
    );
  }

  /** The main process. */
  private homeserver(process: SynapseProcess, namespaceId: string, rule: HomeserverRule): FargateService {
    const { props } = process;
    const { deployment, priorities, adminAccess } = props;
    const hasMedia = !props.workers?.counts.media;
    return new FargateService(this, "homeserver", {
      ...synapseService(process, { hasMedia }),
      name: `${deployment.project}-synapse`,
      targetGroupName: `${deployment.project}-syn-tg`,
      size: props.sizes.synapse,
      rules: (targetGroup) => [
        rule(
          "admin-api-rule",
          priorities.adminApi,
          ["/_synapse/admin/*"],
          adminAction(adminAccess, targetGroup, "deny"),
        ),
        rule("rule", priorities.synapse, ["/_matrix/*", "/_synapse/*", "/.well-known/matrix/*"], {
          forwardTo: targetGroup,
        }),
      ],
      deregistrationDelay: DEREGISTRATION_DELAY,
      discoveryServiceArn: discoveryService(this, "discovery", {
        deployment,
        namespaceId,
        name: "synapse",
        description: "The homeserver, for the MCP server and bootstrap",
      }).arn,
    });
  }
}
