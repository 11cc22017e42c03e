import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";
import { CpuScaling } from "../../constructs/cpu-scaling.ts";
import type { Deployment } from "../../constructs/deployment.ts";
import { FargateService, type Network } from "../../constructs/fargate-service.ts";
import type { FargateSize } from "../../constructs/fargate-size.ts";
import type { ContainerImage } from "../../constructs/fargate-task.ts";
import { foreignIngress, type RuleOwner } from "../../constructs/foreign-ingress.ts";
import { GeneratedSecret, type SecretValue, secretValue } from "../../constructs/generated-secret.ts";
import { ListenerRule } from "../../constructs/listener-rule.ts";

/** The implementation that the tools work on, with what the server needs to reach it. */
export type McpBackend =
  | {
      readonly type: "hasura";
      /** GraphQL endpoint inside the VPC. */
      readonly endpoint: string;
      /** Client that the agent's account signs in with. */
      readonly agentClientId: string | SecretValue;
      readonly agentClientSecret: SecretValue;
      /** Secret with `AGENT_USERNAME` and `AGENT_PASSWORD`. */
      readonly agentSecretArn: string;
      /** Security group rules by which the server reaches it. */
      readonly rules: readonly ITerraformDependable[];
    }
  | {
      readonly type: "synapse";
      /** Address inside the VPC. */
      readonly url: string;
      readonly bot: { readonly username: SecretValue; readonly password: SecretValue };
      /** Address of a piece of content, with `{id}`. */
      readonly contentUrlTemplate: string;
      /** Security group rules by which the server reaches it. */
      readonly rules: readonly ITerraformDependable[];
    };

export interface ChatMcpServerProps {
  /** The environment, and the tags of the module's resources. */
  readonly deployment: Deployment;
  /** Host name of everything that the chat serves. */
  readonly serverName: string;
  /** ECS cluster that the service runs in. */
  readonly clusterArn: string;
  /** Name of that cluster, for autoscaling. */
  readonly clusterName: string;
  /** VPC and private subnets of the tasks. */
  readonly network: Network;
  /** HTTPS listener of the load balancer. */
  readonly listenerArn: string;
  /** Security group of the load balancer. */
  readonly albSecurityGroupId: string;
  /** Security group of the platform's ECS tasks, in which the server runs. */
  readonly ecsTasksSecurityGroupId: string;
  /** Priority of its listener rule. */
  readonly priority: number;
  /** The server's image. */
  readonly image: ContainerImage;
  /** CPU and memory of a task. */
  readonly size: FargateSize;
  /** Minimum and maximum number of tasks; CPU decides in between. */
  readonly count: { readonly min: number; readonly max: number };
  /** The implementation that the tools work on, and what the server needs to reach it. */
  readonly backend: McpBackend;
  /** Who may call: access tokens of this pool, issued to one of these clients. */
  readonly callers: {
    /** Cognito user pool. */
    readonly userPoolId: string | SecretValue;
    /** Prefix of its hosted domain. */
    readonly domain: string | SecretValue;
    /** Clients whose access tokens are accepted, `signInClientId` among them; in a secret separated by commas. */
    readonly clientIds: readonly string[] | SecretValue;
    /** Public client through which the server signs people in. */
    readonly signInClientId: string | SecretValue;
  };
  /** Version of the key that seals unfinished sign-ins: raise it by one to generate another. */
  readonly signInKeyVersion: number;
  /** Origins of web pages that may call the server from a browser. @default - none */
  readonly corsOrigins?: readonly string[];
  /** Who lets the load balancer in, by a rule in the ECS tasks' security group. */
  readonly ingressFromAlb: RuleOwner;
}

/** Port of the server's container. */
export const MCP_SERVER_PORT = 3001;

/** The MCP server: nine tools for agents, stateless, scaled by load. */
export class ChatMcpServer extends Construct {
  /** The ECS service. */
  readonly service: FargateService;
  /** Address for MCP clients. */
  readonly url: string;

  constructor(scope: Construct, id: string, props: ChatMcpServerProps) {
    super(scope, id);
    const { deployment, serverName, callers, count, ecsTasksSecurityGroupId } = props;
    const name = `${deployment.project}-chat-mcp`;
    const { environment, secrets } = bySource({
      BACKEND_TYPE: props.backend.type,
      COGNITO_CLIENT_IDS: "valueFrom" in callers.clientIds ? callers.clientIds : callers.clientIds.join(","),
      COGNITO_DOMAIN: callers.domain,
      COGNITO_REGION: deployment.region,
      COGNITO_USER_POOL_ID: callers.userPoolId,
      HOST: "0.0.0.0",
      LOG_LEVEL: "info",
      PORT: String(MCP_SERVER_PORT),
      PUBLIC_URL: `https://${serverName}`,
      READ_ONLY: "false",
      SIGN_IN_CLIENT_ID: callers.signInClientId,
      ...(props.corsOrigins?.length && { CORS_ORIGINS: props.corsOrigins.join(",") }),
      ...backendVariables(props.backend, serverName),
    });

    const fromAlb = foreignIngress(this, "from-alb", {
      deployment,
      owner: props.ingressFromAlb,
      securityGroupId: ecsTasksSecurityGroupId,
      from: props.albSecurityGroupId,
      port: MCP_SERVER_PORT,
      description: "MCP server from the load balancer",
    });

    const service = new FargateService(this, "service", {
      deployment,
      name,
      targetGroupName: `${deployment.project}-mcp-tg`,
      clusterArn: props.clusterArn,
      network: props.network,
      securityGroupIds: [ecsTasksSecurityGroupId],
      size: props.size,
      container: {
        image: props.image,
        // Its log is the record of what agents deleted, muted and banned: no line of it may be lost.
        logMode: "blocking",
        port: MCP_SERVER_PORT,
        environment,
        secrets: { ...secrets, ...this.signInKeys(deployment, props.signInKeyVersion) },
      },
      health: { path: "/health", probe: ["node", "-e", PROBE], startPeriod: 60 },
      rules: (targetGroup) => [
        new ListenerRule(this, "rule", {
          deployment,
          listenerArn: props.listenerArn,
          priority: props.priority,
          host: serverName,
          paths: ["/mcp", "/mcp/*", "/.well-known/oauth-*"],
          action: { forwardTo: targetGroup },
        }),
      ],
      // As long as the slowest tool call.
      deregistrationDelay: 30,
      desiredCount: count.min,
      autoscaled: true,
      startsAfter: [...fromAlb, ...props.backend.rules],
    });

    new CpuScaling(this, "scaling", { deployment, name, service, clusterName: props.clusterName, count });

    this.service = service;
    this.url = `https://${serverName}/mcp`;
  }

  /**
   * Two secrets take turns: a version generates one anew, which seals from then on, and leaves the other, which still opens
   * what it sealed before.
   */
  private signInKeys(deployment: Deployment, version: number): Record<string, SecretValue> {
    const { project, environment } = deployment;
    const key = (id: "odd" | "even", version: number) =>
      new GeneratedSecret(this, `sign-in-key-${id}`, {
        deployment,
        name: `${project}-${environment}-chat-mcp-sign-in-${id}`,
        description: `Key that seals the MCP server's unfinished sign-ins, in ${id} versions`,
        length: 64,
        version,
      });
    const odd = key("odd", Math.ceil(version / 2));
    const even = key("even", Math.floor(version / 2) + 1);
    const [current, previous] = version % 2 === 1 ? [odd, even] : [even, odd];
    return { SIGN_IN_KEY: current.read(), SIGN_IN_PREVIOUS_KEY: previous.read() };
  }
}

/**
 * Exits with 0 if the URL in its argument answers 200: the image has neither curl nor wget. Not `fetch`, whose client takes
 * longer to load than the rest of the probe: on a quarter of a core the server would stand still for half a second.
 */
const PROBE =
  "require('http').get(process.argv[1],r=>process.exit(r.statusCode===200?0:1)).on('error',()=>process.exit(1))";

type Variables = Readonly<Record<string, string | SecretValue>>;

const backendVariables = (backend: McpBackend, serverName: string): Variables =>
  backend.type === "hasura"
    ? {
        AGENT_CLIENT_ID: backend.agentClientId,
        AGENT_CLIENT_SECRET: backend.agentClientSecret,
        AGENT_PASSWORD: secretValue(backend.agentSecretArn, { key: "AGENT_PASSWORD" }),
        AGENT_USERNAME: secretValue(backend.agentSecretArn, { key: "AGENT_USERNAME" }),
        HASURA_ENDPOINT: backend.endpoint,
      }
    : {
        CONTENT_URL_TEMPLATE: backend.contentUrlTemplate,
        SYNAPSE_BOT_PASSWORD: backend.bot.password,
        SYNAPSE_BOT_USERNAME: backend.bot.username,
        SYNAPSE_SERVER_NAME: serverName,
        SYNAPSE_URL: backend.url,
      };

/** Variables with plain values, and those that ECS fills from secrets. */
function bySource(variables: Variables) {
  const environment: Record<string, string> = {};
  const secrets: Record<string, SecretValue> = {};
  for (const [name, value] of Object.entries(variables))
    if (typeof value === "string") environment[name] = value;
    else secrets[name] = value;
  return { environment, secrets };
}
