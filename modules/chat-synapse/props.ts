import type { Deployment } from "../../constructs/deployment.ts";
import type { Network } from "../../constructs/fargate-service.ts";
import type { ContainerImage, FargateSize } from "../../constructs/fargate-task.ts";
import type { SecretValue } from "../../constructs/generated-secret.ts";
import type { AdminAccess } from "./admin-ui/access.ts";
import type { Federation, JwtLogin, OldSigningKey } from "./homeserver/config.ts";
import type { SynapseSecretVersions } from "./secrets.ts";
import type { WorkerCounts } from "./workers/workers.ts";

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
    /** The first of those that the workers' rules take, all below `adminApi` and `synapse`. */
    readonly workers: number;
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
  /** Largest file that may be uploaded, as Synapse writes sizes: `50M`. */
  readonly maxUploadSize: string;
  /** @default - no federation */
  readonly federation?: Federation;
  /** @default - sign-in by browser only */
  readonly jwt?: JwtLogin;
  /** Further hosts (`host` or `host:port`) whose links are previewed. @default - none */
  readonly previewHosts?: readonly string[];
  /** @default - the signing key was never changed */
  readonly oldSigningKeys?: readonly OldSigningKey[];
  /** Processes beside the main one, and the Redis that connects them. @default - one process does everything */
  readonly workers?: {
    readonly counts: WorkerCounts;
    /** Of each. */
    readonly size: FargateSize;
    /** ElastiCache node type. */
    readonly redisNodeType: string;
  };
  readonly secretVersions: SynapseSecretVersions;
  /** Whether rules are added to groups that others own. */
  readonly manageIngress: { readonly rds: boolean; readonly ecsTasks: boolean };
}
