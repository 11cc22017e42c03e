import type { PolicyStatement } from "../../constructs/iam-policy.ts";

export interface RightsProps {
  readonly project: string;
  readonly environment: string;
  readonly region: string;
  /** Twelve digits, or a reference to them. */
  readonly accountId: string;
  /** Whether data is protected, so that no backup is ever destroyed. */
  readonly production: boolean;
  /** Names of the platform's secrets that tasks read, beside those that begin with the project's name. */
  readonly platformSecrets: readonly string[];
  readonly state: StateObject;
  /** The platform's state, if inputs come from it. */
  readonly platformState: StateObject | undefined;
}

/** A Terraform state in S3. */
interface StateObject {
  readonly bucket: string;
  readonly key: string;
}

export type Statements = readonly PolicyStatement[];

export const allow = (
  Sid: string,
  Action: PolicyStatement["Action"],
  Resource: PolicyStatement["Resource"] & (string | readonly string[]),
  Condition?: PolicyStatement["Condition"],
): PolicyStatement => ({ Sid, Effect: "Allow", Action, Resource, ...(Condition && { Condition }) });

/** ARN of a state in S3. */
export const object = ({ bucket, key }: StateObject) => `arn:aws:s3:::${bucket}/${key}`;

/** ARNs that the roles of the pipeline read and write, by the prefixes of this project's names. */
export function resources({ project, environment, region, accountId }: RightsProps) {
  const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${accountId}:${resource}`;
  /** Prefixes of the names of roles, services, task families, functions and log groups. */
  const ours = ["chat-*", "synapse*", "link-preview*"].map((rest) => `${project}-${rest}`);
  const each = (service: string, prefix: string) => ours.map((name) => arn(service, `${prefix}${name}`));
  return {
    arn,
    /** ARNs of our resources of a kind: `prefix` before each of our name prefixes. */
    each,
    logGroups: ["/ecs/", "/aws/lambda/", "/aws/apigateway/"].flatMap((folder) =>
      each("logs", `log-group:${folder}`),
    ),
    roles: ours.map((name) => `arn:aws:iam::${accountId}:role/${name}`),
    secrets: [`${project}-${environment}-chat-*`, `${project}-synapse-*`].map((name) =>
      arn("secretsmanager", `secret:${name}`),
    ),
    apis: ["apis", "apis/*", "tags/*"].map((path) => `arn:aws:apigateway:${region}::/${path}`),
  };
}
