import type { Deployment } from "../../constructs/deployment.ts";
import type { Network } from "../../constructs/fargate-service.ts";
import type { FargateSize } from "../../constructs/fargate-size.ts";
import type { ContainerImage } from "../../constructs/fargate-task.ts";
import type { RuleOwner } from "../../constructs/foreign-ingress.ts";
import type { SecretValue } from "../../constructs/generated-secret.ts";
import type { AdminAccess } from "./admin-ui/access.ts";
import type { Federation, JwtLogin, OldSigningKey } from "./homeserver/config.ts";
import type { SynapseSecretVersions, SynapseTakeOver } from "./secrets.ts";
import type { WorkerCounts } from "./workers/workers.ts";

export interface ChatSynapseProps {
  /** The environment, and the tags of the module's resources. */
  readonly deployment: Deployment;
  /** Host name of the homeserver, part of every user's and room's id; can't be changed later. */
  readonly serverName: string;
  /** ECS cluster that the services run in. */
  readonly clusterArn: string;
  /** VPC and private subnets of the tasks. */
  readonly network: Network;
  /** HTTPS listener of the load balancer. */
  readonly listenerArn: string;
  /** Security group of the load balancer. */
  readonly albSecurityGroupId: string;
  /** Security group of the platform's ECS tasks: the MCP server, bootstrap and the admin UI run in it. */
  readonly ecsTasksSecurityGroupId: string;
  /** Priorities of the listener rules. */
  readonly priorities: {
    /** The rule of the admin API. */
    readonly adminApi: number;
    /** The rule of everything else that Synapse answers. */
    readonly synapse: number;
    /** The rule of the admin UI. */
    readonly adminUi: number;
    /** The redirect to the admin UI. */
    readonly adminUiRedirect: number;
    /** The first of those that the workers' rules take, all below `adminApi` and `synapse`. */
    readonly workers: number;
  };
  /** Who reaches the admin API and the admin UI. */
  readonly adminAccess: AdminAccess;
  /** Images of the services and one-shot tasks. */
  readonly images: {
    /** Synapse with our entrypoint. */
    readonly synapse: ContainerImage;
    /** Synapse Admin. */
    readonly synapseAdmin: ContainerImage;
    /** Stock image for the database setup task. */
    readonly postgres: ContainerImage;
    /** Image of the MCP server, which holds the bootstrap program too. */
    readonly bootstrap: ContainerImage;
  };
  /** CPU and memory of the main process and of the admin UI. */
  readonly sizes: { readonly synapse: FargateSize; readonly synapseAdmin: FargateSize };
  /** RDS instance that gets a database of its own for Synapse. */
  readonly database: {
    /** Host name. */
    readonly host: string;
    /** Port. */
    readonly port: number;
    /** Its security group. */
    readonly securityGroupId: string;
    /** Secret with `username` and `password` of the master user. */
    readonly masterSecretArn: string;
  };
  /** User pool that people sign in with, and the client for it. */
  readonly cognito: {
    /** Id of the user pool. */
    readonly userPoolId: string;
    /** Its ARN. */
    readonly userPoolArn: string;
    /** Prefix of the hosted domain. */
    readonly domain: string;
    /** Synapse's client. */
    readonly clientId: string;
    /** Secret of that client. */
    readonly clientSecret: SecretValue;
  };
  /** Address of a piece of content, with `{id}`: Synapse previews links to its host. */
  readonly contentUrlTemplate: string;
  /** Largest file that may be uploaded, as Synapse writes sizes: `50M`. */
  readonly maxUploadSize: string;
  /**
   * Homeservers that may exchange events with ours.
   * @default - no federation
   */
  readonly federation?: Federation;
  /**
   * Lets an app that holds a Cognito ID token sign in without a browser.
   * @default - sign-in by browser only
   */
  readonly jwt?: JwtLogin;
  /**
   * Further hosts (`host` or `host:port`) whose links are previewed.
   * @default - none
   */
  readonly previewHosts?: readonly string[];
  /**
   * Public halves of former signing keys.
   * @default - the signing key was never changed
   */
  readonly oldSigningKeys?: readonly OldSigningKey[];
  /** Processes beside the main one, and the Redis that connects them. @default - one process does everything */
  readonly workers?: {
    /** Number of workers of each kind. */
    readonly counts: WorkerCounts;
    /** CPU and memory of each. */
    readonly size: FargateSize;
    /** ElastiCache node type. */
    readonly redisNodeType: string;
  };
  /** Version of each generated secret: raise one to generate that secret again. */
  readonly secretVersions: SynapseSecretVersions;
  /**
   * Secrets that hold values of a homeserver that ran before: its identity and its sessions stay.
   * @default - every value is generated
   */
  readonly takeOver?: SynapseTakeOver;
  /** Who adds each ingress rule to other owners' groups. */
  readonly ingressRules: {
    /** To the database, in its group. */
    readonly databaseFromSynapse: RuleOwner;
    /** To the admin UI, in the ECS tasks' group. */
    readonly adminUiFromAlb: RuleOwner;
  };
}
