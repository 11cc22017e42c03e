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
    /** GiB, by the instance's class. */
    readonly memory: number;
    /** Identifiers of its read replicas. */
    readonly replicas: string[];
    /** Connections that it takes at once. */
    readonly maxConnections: number;
  };
  /** Certificate of the load balancer's listener. */
  readonly certificateArn: string;
  /** Cognito user pool, and those of its clients that are ours. */
  readonly userPool: { readonly id: string; readonly clientIds: readonly string[] };
  /** NAT gateways of the VPC. */
  readonly natGatewayIds: string[];
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
        /** File system of the media. */
        readonly fileSystemId: string;
        /** Nodes of the workers' Redis, as metrics name their cache clusters. */
        readonly redisNodes: readonly string[];
      }
    | undefined;
  /** Implementation B. */
  readonly hasura:
    | {
        /** ARN suffix of Hasura's target group, which belongs to others. */
        readonly targetGroup: string;
        readonly linkPreview: NodeLambda;
        readonly linkPreviewApiId: string;
        readonly userProvisioner: NodeLambda;
        readonly memberSync: NodeLambda;
        readonly tokenEnhancement: NodeLambda;
      }
    | undefined;
}
