import type { PolicyStatement } from "../../constructs/iam-policy.ts";

export interface RightsProps {
  readonly project: string;
  readonly environment: string;
  readonly region: string;
  /** Twelve digits, or a reference to them. */
  readonly accountId: string;
  readonly state: StateObject;
  /** The platform's state, where inputs come from it. */
  readonly platformState: StateObject | undefined;
}

/** Where a state lies in S3. */
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

/** ARNs of what the roles of the pipeline read and write, by the beginnings of the names that this project gives. */
export function resources({ project, environment, region, accountId }: RightsProps) {
  const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${accountId}:${resource}`;
  /** What the names of roles, services, task families, functions and log groups begin with. */
  const ours = ["chat-*", "synapse*", "link-preview*"].map((rest) => `${project}-${rest}`);
  return {
    arn,
    /** Everything of ours that begins with `prefix`. */
    each: (service: string, prefix: string) => ours.map((name) => arn(service, `${prefix}${name}`)),
    roles: ours.map((name) => `arn:aws:iam::${accountId}:role/${name}`),
    secrets: [`${project}-${environment}-chat-*`, `${project}-synapse-*`].map((name) =>
      arn("secretsmanager", `secret:${name}`),
    ),
    apis: ["apis", "apis/*", "tags/*"].map((path) => `arn:aws:apigateway:${region}::/${path}`),
  };
}
