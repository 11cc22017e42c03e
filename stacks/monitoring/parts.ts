import type { FargateService } from "../../constructs/fargate-service.ts";
import type { NodeLambda } from "../../constructs/node-lambda.ts";

/** What runs in an environment, for alarms and dashboard. */
export interface Parts {
  readonly environment: string;
  readonly region: string;
  readonly clusterName: string;
  /** ARN suffix, as metrics name it. */
  readonly loadBalancer: string;
  readonly database: {
    readonly identifier: string;
    /** GiB. */
    readonly allocatedStorage: number;
    /** Connections that it takes at once. */
    readonly maxConnections: number;
  };
  readonly mcp: { readonly service: FargateService; readonly backend: "hasura" | "synapse" };
  /** Implementation A. */
  readonly synapse:
    | {
        readonly synapse: FargateService;
        readonly synapseAdmin: FargateService | undefined;
        /** By their names, such as `sync-1`. */
        readonly workers: Readonly<Record<string, FargateService>>;
        /** Brings the private rooms in line with the Cognito groups. */
        readonly members: NodeLambda;
        /** Name of the vault that holds the media's backups. */
        readonly backupVault: string;
        /** Nodes of the workers' Redis, as metrics name their cache clusters. */
        readonly redisNodes: readonly string[];
      }
    | undefined;
  /** Implementation B. */
  readonly hasura:
    | {
        readonly linkPreview: NodeLambda;
        readonly linkPreviewApiId: string;
        readonly userProvisioner: NodeLambda;
        readonly memberSync: NodeLambda;
        readonly tokenEnhancement: NodeLambda;
      }
    | undefined;
}
