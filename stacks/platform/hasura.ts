import { DataAwsSecretsmanagerSecrets } from "@cdktf/provider-aws/lib/data-aws-secretsmanager-secrets";
import { ServiceDiscoveryPrivateDnsNamespace } from "@cdktf/provider-aws/lib/service-discovery-private-dns-namespace";
import { Fn, type ITerraformDependable, ref, Token } from "cdktf";
import { Construct } from "constructs";
import { CpuScaling } from "../../constructs/cpu-scaling.ts";
import type { Deployment } from "../../constructs/deployment.ts";
import { discoveryService } from "../../constructs/discovery.ts";
import { jsonencode } from "../../constructs/encode.ts";
import { FargateService } from "../../constructs/fargate-service.ts";
import type { SetupContainer } from "../../constructs/fargate-task.ts";
import { GeneratedSecret, type SecretValue, secretValue } from "../../constructs/generated-secret.ts";
import { ListenerRule } from "../../constructs/listener-rule.ts";
import { script, shellCommand } from "../../constructs/script.ts";
import { inputTable } from "../../environments/inputs.ts";
import type { PlatformSettings } from "../../environments/platform-settings.ts";
import { webhookSecretName } from "../../modules/chat-link-preview/index.ts";
import { maxConnections } from "../rds-connections.ts";
import type { Database } from "./database.ts";
import type { LoadBalancer } from "./load-balancer.ts";
import type { PlatformNetwork } from "./network.ts";
import type { UserPool } from "./user-pool.ts";

export interface HasuraProps {
  readonly deployment: Deployment;
  readonly settings: PlatformSettings["hasura"];
  /** Class of the database, which says how many connections it takes. */
  readonly instanceClass: string;
  readonly serverName: string;
  readonly cluster: { readonly arn: string; readonly name: string };
  readonly network: PlatformNetwork;
  readonly loadBalancer: LoadBalancer;
  readonly database: Database;
  readonly userPool: UserPool;
  readonly securityGroupId: string;
  /** Security group rules by which it is reached, and reaches the database and the internet. */
  readonly rules: readonly ITerraformDependable[];
}

export const HASURA_PORT = 8080;
const ROLE = "hasura";
/** An image of PostgreSQL's that needs no account of Docker Hub. */
const POSTGRES_IMAGE = "public.ecr.aws/docker/library/postgres:16-alpine";
/** Share of the database's connections for all tasks together, while a deployment runs twice as many. */
const CONNECTION_SHARE = 0.5;
/** Seconds that a stopping task gets to answer what it has begun. */
const SHUTDOWN = 30;

/**
 * Command that makes Hasura's role in the database if it is missing, sets its password, and grants it what the owner's
 * migrations make. It runs in the stock `postgres` image, and can be repeated.
 */
export const hasuraRoleCommand = (): string[] =>
  shellCommand(
    script("stacks/platform/hasura-role.sh", {
      SQL: script("stacks/platform/hasura-role.sql").trimEnd(),
    }),
  );

/** Hasura 2 behind `/api/graphql`, and inside the VPC at a name of Cloud Map. Its metadata belongs to its users. */
export class Hasura extends Construct {
  /** GraphQL endpoint inside the VPC. */
  readonly endpoint: string;
  readonly adminSecretArn: string;
  readonly service: FargateService;

  constructor(scope: Construct, id: string, props: HasuraProps) {
    super(scope, id);
    const { deployment, settings, network, loadBalancer, database, cluster } = props;
    const { project } = deployment;
    const name = `${project}-graphql`;
    const namespace = new ServiceDiscoveryPrivateDnsNamespace(this, "namespace", {
      name: `${project}.internal`,
      description: "Services of the platform inside the VPC",
      vpc: network.vpcId,
      tags: deployment.tags,
    });
    const discovery = discoveryService(this, "discovery", {
      deployment,
      namespaceId: namespace.id,
      name: "graphql",
      description: "Hasura inside the VPC",
    });
    const adminSecret = new GeneratedSecret(this, "admin-secret", {
      deployment,
      name: `${project}-hasura-admin`,
      description: "Admin secret of Hasura, which allows everything there",
      length: 48,
      version: 1,
    });
    const databaseSecret = new GeneratedSecret(this, "database-secret", {
      deployment,
      name: `${project}-hasura-database`,
      description: "Role of Hasura in the database; each task sets its password before Hasura starts",
      length: 40,
      version: 1,
      value: (password) =>
        jsonencode({
          username: ROLE,
          password,
          url: `postgres://${ROLE}:${password}@${database.host}:${database.port}/${database.name}?sslmode=require`,
          event_secret: "none: the chat's secret does not exist yet",
        }),
    });

    this.service = new FargateService(this, "service", {
      deployment,
      name,
      targetGroupName: `${project}-gql-tg`,
      clusterArn: cluster.arn,
      network,
      securityGroupIds: [props.securityGroupId],
      size: settings,
      setup: this.roleSetup(database, databaseSecret),
      container: {
        // Public on Docker Hub: it is pulled so rarely that the limit of anonymous pulls is far.
        image: { uri: settings.image },
        logMode: "non-blocking",
        port: HASURA_PORT,
        environment: this.environment(props),
        secrets: {
          CHAT_LINK_PREVIEW_SECRET: this.eventSecret(deployment, databaseSecret),
          HASURA_GRAPHQL_ADMIN_SECRET: adminSecret.read(),
          HASURA_GRAPHQL_DATABASE_URL: databaseSecret.read("url"),
        },
        stopTimeout: SHUTDOWN + 15,
      },
      health: {
        path: "/healthz",
        probe: ["curl", "--fail", "--silent", "--output", "/dev/null"],
        startPeriod: 60,
      },
      rules: (targetGroup) => [
        new ListenerRule(this, "rule", {
          deployment,
          listenerArn: loadBalancer.listenerArn,
          priority: settings.priority,
          host: props.serverName,
          // Console and metadata API are not public.
          paths: [inputTable.hasuraPublicPath.default],
          action: { forwardTo: targetGroup },
          rewrite: { regex: `^${inputTable.hasuraPublicPath.default}$`, replace: "/v1/graphql" },
        }),
      ],
      deregistrationDelay: SHUTDOWN,
      desiredCount: settings.minCount,
      autoscaled: true,
      discoveryServiceArn: discovery.arn,
      startsAfter: [...props.rules, ...network.routes],
    });
    new CpuScaling(this, "scaling", {
      deployment,
      name,
      service: this.service,
      clusterName: cluster.name,
      count: { min: settings.minCount, max: settings.maxCount },
    });
    this.endpoint = `http://${discovery.name}.${namespace.name}:${HASURA_PORT}/v1/graphql`;
    this.adminSecretArn = adminSecret.arn;
  }

  private environment({
    deployment,
    settings,
    instanceClass,
    userPool,
  }: HasuraProps): Record<string, string> {
    const issuer = `https://cognito-idp.${deployment.region}.amazonaws.com/${userPool.id}`;
    // A deployment starts new tasks before it stops the old ones.
    const tasks = 2 * settings.maxCount;
    const connections = `max(2, floor(${CONNECTION_SHARE} * ${maxConnections(JSON.stringify(instanceClass))} / ${tasks}))`;
    return {
      HASURA_GRAPHQL_DEV_MODE: "false",
      HASURA_GRAPHQL_DISABLE_CORS: "true",
      HASURA_GRAPHQL_ENABLED_APIS: "graphql,metadata",
      HASURA_GRAPHQL_ENABLED_LOG_TYPES: "startup,http-log,webhook-log,websocket-log",
      HASURA_GRAPHQL_ENABLE_CONSOLE: "false",
      HASURA_GRAPHQL_ENABLE_TELEMETRY: "false",
      HASURA_GRAPHQL_GRACEFUL_SHUTDOWN_TIMEOUT: String(SHUTDOWN),
      HASURA_GRAPHQL_JWT_SECRET: jsonencode({
        type: "RS256",
        jwk_url: `${issuer}/.well-known/jwks.json`,
        issuer,
        claims_format: "stringified_json",
        ...(settings.audience.length && { audience: settings.audience }),
      }),
      HASURA_GRAPHQL_LOG_LEVEL: "warn",
      HASURA_GRAPHQL_PG_CONNECTIONS: Fn.tostring(Token.asNumber(ref(connections))),
      HASURA_GRAPHQL_SERVER_PORT: String(HASURA_PORT),
    };
  }

  /** RDS changes the owner's password every week. A role of Hasura's own keeps its password, and may do less. */
  private roleSetup(database: Database, role: GeneratedSecret): SetupContainer {
    return {
      image: { uri: POSTGRES_IMAGE },
      command: hasuraRoleCommand(),
      environment: {
        PGDATABASE: database.name,
        PGHOST: database.host,
        PGPORT: String(database.port),
        PGSSLMODE: "require",
      },
      secrets: {
        HASURA_DATABASE_PASSWORD: role.read("password"),
        HASURA_DATABASE_USER: role.read("username"),
        PGPASSWORD: secretValue(database.masterSecretArn, { key: "password" }),
        PGUSER: secretValue(database.masterSecretArn, { key: "username" }),
      },
    };
  }

  /**
   * The secret that Hasura sends to the link preview with each event. The chat makes it, and needs Hasura's address before
   * that, so the first apply finds none.
   */
  private eventSecret(deployment: Deployment, otherwise: GeneratedSecret): SecretValue {
    const found = new DataAwsSecretsmanagerSecrets(this, "event-secret", {
      filter: [{ name: "name", values: [webhookSecretName(deployment)] }],
    });
    const first = (fallback: string) =>
      Token.asString(Fn.try([Fn.element(Fn.tolist(found.arns), 0), fallback]));
    const { secretArn, valueFrom } = otherwise.read("event_secret");
    return { secretArn: first(secretArn), valueFrom: first(valueFrom) };
  }
}
