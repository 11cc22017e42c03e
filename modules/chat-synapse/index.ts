import { SecretsmanagerSecretVersion } from "@cdktf/provider-aws/lib/secretsmanager-secret-version";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { ServiceDiscoveryPrivateDnsNamespace } from "@cdktf/provider-aws/lib/service-discovery-private-dns-namespace";
import { ServiceDiscoveryService } from "@cdktf/provider-aws/lib/service-discovery-service";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import { Fn } from "cdktf";
import { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";
import { yamlencode } from "../../constructs/encode.ts";
import { FargateService, type Network } from "../../constructs/fargate-service.ts";
import { type ContainerImage, type FargateSize, FargateTask } from "../../constructs/fargate-task.ts";
import { Secret, type SecretValue, secretValue } from "../../constructs/generated-secret.ts";
import { type CognitoSignIn, ListenerRule, type RuleAction } from "../../constructs/listener-rule.ts";
import { databaseSetupContainer } from "./database-setup.ts";
import { type Federation, homeserverConfig, PATHS, SYNAPSE_PORT, SYNAPSE_UID } from "./homeserver.ts";
import { logConfig } from "./log-config.ts";
import { MediaStore, NFS_PORT } from "./media-store.ts";
import { SynapseSecrets, type SynapseSecretVersions } from "./secrets.ts";

/** Who reaches `/_synapse/admin/` and `/chat-admin/`. */
export type AdminAccess =
  | { readonly mode: "cognito"; readonly signIn: CognitoSignIn }
  /** Both answer 403, and no admin UI runs. */
  | { readonly mode: "closed" }
  /** Whoever finds them. Synapse advises against it. */
  | { readonly mode: "open" };

export interface ChatSynapseProps {
  readonly deployment: Deployment;
  readonly serverName: string;
  readonly clusterArn: string;
  readonly network: Network;
  readonly listenerArn: string;
  readonly albSecurityGroupId: string;
  readonly ecsTasksSecurityGroupId: string;
  readonly priorities: {
    readonly adminApi: number;
    readonly synapse: number;
    readonly adminUi: number;
    readonly adminUiRedirect: number;
  };
  readonly adminAccess: AdminAccess;
  readonly images: {
    readonly synapse: ContainerImage;
    readonly synapseAdmin: ContainerImage;
    readonly postgres: ContainerImage;
    /** The image of the MCP server, which carries the bootstrap program too. */
    readonly bootstrap: ContainerImage;
  };
  readonly sizes: { readonly synapse: FargateSize; readonly synapseAdmin: FargateSize };
  readonly database: {
    readonly host: string;
    readonly port: number;
    readonly securityGroupId: string;
    /** Secret with `username` and `password` of the master user. */
    readonly masterSecretArn: string;
  };
  readonly cognito: {
    readonly userPoolId: string;
    readonly userPoolArn: string;
    /** Prefix of the hosted domain. */
    readonly domain: string;
    readonly clientId: string;
    readonly clientSecret: SecretValue;
  };
  /** Address of a piece of content, with `{id}`: Synapse previews links to its host alone. */
  readonly contentUrlTemplate: string;
  /** @default - no federation */
  readonly federation?: Federation;
  readonly secretVersions: SynapseSecretVersions;
  /** Whether rules are added to groups that others own. */
  readonly manageIngress: { readonly rds: boolean; readonly ecsTasks: boolean };
}

const ADMIN_UI_PORT = 80;
const ADMIN_UI_PREFIX = "/chat-admin";
/** Synapse's own database and role on the shared RDS instance. */
const DATABASE = { name: "synapse", user: "synapse", maintenance: "postgres" };
/** Smallest Fargate size: the one-shot tasks send requests and wait. */
const ONE_SHOT_SIZE = { cpu: 256, memory: 512 };

/** Implementation A: a Synapse homeserver, its admin UI, and the tasks that set them up. */
export class ChatSynapse extends Construct {
  readonly services: { readonly synapse: FargateService; readonly synapseAdmin: FargateService | undefined };
  readonly taskFamilies: { readonly databaseSetup: string; readonly bootstrap: string };
  /** Security group in which Synapse and the database setup task run. */
  readonly securityGroupId: string;
  /** Address inside the VPC. */
  readonly url: string;
  readonly bot: { readonly username: SecretValue; readonly password: SecretValue };
  readonly secretArns: Readonly<Record<string, string>>;
  /** `homeserver.yaml` as it is deployed. It holds no secret. */
  readonly homeserverYaml: string;

  constructor(scope: Construct, id: string, props: ChatSynapseProps) {
    super(scope, id);
    const { deployment, serverName, network, cognito, database, images, priorities } = props;
    const { project, region } = deployment;
    const name = `${project}-synapse`;

    const secrets = new SynapseSecrets(this, "secret", deployment, props.secretVersions);
    const securityGroup = this.securityGroup(name, props);
    const media = new MediaStore(this, "media", {
      deployment,
      network,
      clientSecurityGroupId: securityGroup.id,
      owner: SYNAPSE_UID,
    });
    new VpcSecurityGroupEgressRule(this, "to-media", {
      securityGroupId: securityGroup.id,
      description: "NFS to the media store",
      referencedSecurityGroupId: media.securityGroupId,
      ipProtocol: "tcp",
      fromPort: NFS_PORT,
      toPort: NFS_PORT,
    });

    const config = new Secret(this, "homeserver-config", {
      deployment,
      name: `${project}-synapse-homeserver-config`,
      description: "homeserver.yaml, without secrets: those are files of their own",
    });
    this.homeserverYaml = yamlencode(
      homeserverConfig({
        serverName,
        region,
        userPoolId: cognito.userPoolId,
        cognitoDomainHost: `${cognito.domain}.auth.${region}.amazoncognito.com`,
        oidcClientId: cognito.clientId,
        database: { host: database.host, port: database.port, name: DATABASE.name, user: DATABASE.user },
        contentUrlTemplate: props.contentUrlTemplate,
        ...(props.federation && { federation: props.federation }),
      }),
    );
    const configVersion = new SecretsmanagerSecretVersion(this, "homeserver-config-version", {
      secretId: config.id,
      secretString: this.homeserverYaml,
      // The configuration before keeps its label AWSPREVIOUS, so that a service that rolls back still starts.
      lifecycle: { createBeforeDestroy: true },
    });

    const namespace = new ServiceDiscoveryPrivateDnsNamespace(this, "namespace", {
      name: `${project}-chat.internal`,
      description: "Services of the chat inside the VPC",
      vpc: network.vpcId,
    });
    const discovery = new ServiceDiscoveryService(this, "discovery", {
      name: "synapse",
      description: "The homeserver, for the MCP server and bootstrap",
      dnsConfig: {
        namespaceId: namespace.id,
        routingPolicy: "MULTIVALUE",
        dnsRecords: [{ type: "A", ttl: 10 }],
      },
    });

    const rule = (id: string, priority: number, paths: string[], action: RuleAction, stripPrefix?: string) =>
      new ListenerRule(this, id, {
        listenerArn: props.listenerArn,
        priority,
        host: serverName,
        paths,
        action,
        ...(stripPrefix && { stripPrefix }),
      });

    const homeserver = new FargateService(this, "homeserver", {
      deployment,
      name,
      targetGroupName: `${project}-syn-tg`,
      clusterArn: props.clusterArn,
      network,
      securityGroupIds: [securityGroup.id],
      size: props.sizes.synapse,
      container: {
        image: images.synapse,
        port: SYNAPSE_PORT,
        environment: { SYNAPSE_LOG_CONFIG_YAML: yamlencode(logConfig()) },
        secrets: {
          SYNAPSE_CONFIG_YAML: secretValue(config.arn, { versionId: configVersion.versionId }),
          SYNAPSE_DATABASE_PASSWORD: secrets.databasePassword.read(),
          SYNAPSE_FORM_SECRET: secrets.formSecret.read(),
          SYNAPSE_MACAROON_SECRET_KEY: secrets.macaroonSecretKey.read(),
          SYNAPSE_OIDC_CLIENT_SECRET: cognito.clientSecret,
          SYNAPSE_REGISTRATION_SHARED_SECRET: secrets.registrationSharedSecret.read(),
          SYNAPSE_SIGNING_KEY: secrets.signingKey.read(),
        },
        mounts: { media: PATHS.media, run: PATHS.run, tmp: "/tmp" },
        // The entrypoint starts as root, hands its files to Synapse's user and becomes that user, whom the init
        // process must still be able to stop.
        capabilities: ["CHOWN", "KILL", "SETGID", "SETUID"],
        stopTimeout: 60,
      },
      volumes: [media.volume("media"), { name: "run" }, { name: "tmp" }],
      health: { path: "/health", probe: ["curl", "-fsS", "-o", "/dev/null"], startPeriod: 60 },
      rules: (targetGroup) => [
        rule(
          "admin-api-rule",
          priorities.adminApi,
          ["/_synapse/admin/*"],
          this.adminAction(props, targetGroup, "deny"),
        ),
        rule("rule", priorities.synapse, ["/_matrix/*", "/_synapse/*", "/.well-known/matrix/*"], {
          forwardTo: targetGroup,
        }),
      ],
      // The old task must be gone before the new one starts, so every second of draining is a second offline.
      deregistrationDelay: 10,
      replacement: "stop-first",
      discoveryServiceArn: discovery.arn,
      taskPolicy: [media.mountPolicy],
      startsAfter: media.dependencies,
    });
    media.allow(homeserver.task.roleArn);

    rule("admin-ui-redirect", priorities.adminUiRedirect, [ADMIN_UI_PREFIX], {
      redirectTo: `${ADMIN_UI_PREFIX}/`,
    });
    const adminUiRule = (action: RuleAction) =>
      rule(
        "admin-ui-rule",
        priorities.adminUi,
        [`${ADMIN_UI_PREFIX}/*`],
        action,
        "forwardTo" in action ? ADMIN_UI_PREFIX : undefined,
      );
    const adminUi =
      props.adminAccess.mode === "closed"
        ? undefined
        : this.adminUi(props, (targetGroup) => [
            adminUiRule(this.adminAction(props, targetGroup, "authenticate")),
          ]);
    if (!adminUi) adminUiRule(FORBIDDEN);

    const databaseSetup = new FargateTask(this, "database-setup", {
      deployment,
      family: `${name}-db-setup`,
      size: ONE_SHOT_SIZE,
      container: {
        image: images.postgres,
        command: databaseSetupContainer().command,
        environment: {
          PGHOST: database.host,
          PGPORT: Fn.tostring(database.port),
          PGDATABASE: DATABASE.maintenance,
          PGSSLMODE: "require",
          SYNAPSE_DATABASE_NAME: DATABASE.name,
          SYNAPSE_DATABASE_USER: DATABASE.user,
        },
        secrets: {
          PGUSER: secretValue(database.masterSecretArn, { key: "username" }),
          PGPASSWORD: secretValue(database.masterSecretArn, { key: "password" }),
          SYNAPSE_DATABASE_PASSWORD: secrets.databasePassword.read(),
        },
      },
    });

    this.url = `http://synapse.${namespace.name}:${SYNAPSE_PORT}`;
    const bootstrap = new FargateTask(this, "bootstrap", {
      deployment,
      family: `${project}-chat-bootstrap`,
      size: ONE_SHOT_SIZE,
      container: {
        image: images.bootstrap,
        command: ["node", "bootstrap.mjs"],
        environment: {
          COGNITO_REGION: region,
          COGNITO_USER_POOL_ID: cognito.userPoolId,
          SYNAPSE_SERVER_NAME: serverName,
          SYNAPSE_URL: this.url,
        },
        secrets: {
          SYNAPSE_ADMIN_BOT_PASSWORD: secrets.adminBot.read("password"),
          SYNAPSE_ADMIN_BOT_USERNAME: secrets.adminBot.read("username"),
          SYNAPSE_BOT_PASSWORD: secrets.bot.read("password"),
          SYNAPSE_BOT_USERNAME: secrets.bot.read("username"),
          SYNAPSE_REGISTRATION_SHARED_SECRET: secrets.registrationSharedSecret.read(),
        },
      },
      taskPolicy: [
        {
          Sid: "ReadGroups",
          Effect: "Allow",
          Action: "cognito-idp:ListUsersInGroup",
          Resource: cognito.userPoolArn,
        },
      ],
    });

    this.services = { synapse: homeserver, synapseAdmin: adminUi };
    this.taskFamilies = { databaseSetup: databaseSetup.family, bootstrap: bootstrap.family };
    this.securityGroupId = securityGroup.id;
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
    };
  }

  /** What the admin paths do, by the mode of access. */
  private adminAction(
    { adminAccess }: ChatSynapseProps,
    targetGroup: string,
    otherwise: "authenticate" | "deny",
  ): RuleAction {
    switch (adminAccess.mode) {
      case "cognito":
        return { forwardTo: targetGroup, signIn: adminAccess.signIn, otherwise };
      case "closed":
        return FORBIDDEN;
      case "open":
        return { forwardTo: targetGroup };
    }
  }

  private adminUi(props: ChatSynapseProps, rules: (targetGroup: string) => ListenerRule[]): FargateService {
    const { deployment, network, images } = props;
    return new FargateService(this, "admin-ui", {
      deployment,
      name: `${deployment.project}-synapse-admin`,
      targetGroupName: `${deployment.project}-syn-admin-tg`,
      clusterArn: props.clusterArn,
      network,
      securityGroupIds: [props.ecsTasksSecurityGroupId],
      size: props.sizes.synapseAdmin,
      container: {
        image: images.synapseAdmin,
        port: ADMIN_UI_PORT,
        // nginx writes its cache and its pid here; its master binds port 80 and its workers change user.
        mounts: { cache: "/var/cache/nginx", run: "/run" },
        capabilities: ["CHOWN", "DAC_OVERRIDE", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"],
        stopTimeout: 10,
      },
      volumes: [{ name: "cache" }, { name: "run" }],
      health: { path: "/", probe: ["wget", "-q", "-O", "/dev/null"], startPeriod: 30 },
      rules,
      deregistrationDelay: 5,
    });
  }

  /** Synapse's own group, and the rules that it needs in groups of others. */
  private securityGroup(name: string, props: ChatSynapseProps): SecurityGroup {
    const group = new SecurityGroup(this, "security-group", {
      name,
      description: "Synapse and its database setup task",
      vpcId: props.network.vpcId,
    });
    const { database } = props;
    const tcp = (port: number) => ({ ipProtocol: "tcp", fromPort: port, toPort: port });

    new VpcSecurityGroupIngressRule(this, "from-alb", {
      securityGroupId: group.id,
      description: "Clients through the load balancer",
      referencedSecurityGroupId: props.albSecurityGroupId,
      ...tcp(SYNAPSE_PORT),
    });
    new VpcSecurityGroupIngressRule(this, "from-ecs-tasks", {
      securityGroupId: group.id,
      description: "The MCP server and bootstrap",
      referencedSecurityGroupId: props.ecsTasksSecurityGroupId,
      ...tcp(SYNAPSE_PORT),
    });
    new VpcSecurityGroupEgressRule(this, "to-database", {
      securityGroupId: group.id,
      description: "PostgreSQL",
      referencedSecurityGroupId: database.securityGroupId,
      ...tcp(database.port),
    });
    new VpcSecurityGroupEgressRule(this, "to-https", {
      securityGroupId: group.id,
      description: "Cognito, AWS APIs, the image registry and federation",
      cidrIpv4: "0.0.0.0/0",
      ...tcp(443),
    });
    if (props.manageIngress.rds)
      new VpcSecurityGroupIngressRule(this, "database-from-synapse", {
        securityGroupId: database.securityGroupId,
        description: "PostgreSQL from Synapse",
        referencedSecurityGroupId: group.id,
        ...tcp(database.port),
      });
    if (props.manageIngress.ecsTasks && props.adminAccess.mode !== "closed")
      new VpcSecurityGroupIngressRule(this, "admin-ui-from-alb", {
        securityGroupId: props.ecsTasksSecurityGroupId,
        description: "Synapse admin UI from the load balancer",
        referencedSecurityGroupId: props.albSecurityGroupId,
        ...tcp(ADMIN_UI_PORT),
      });
    return group;
  }
}

const FORBIDDEN: RuleAction = { forbidden: "The admin interface is closed." };
