import type { Deployment } from "./deployment.ts";
import { jsonencode, UnlessEmpty } from "./encode.ts";

type OneOrMore = string | readonly string[];

/** A statement of an IAM policy. */
export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: Readonly<Record<string, OneOrMore>>;
  readonly Action: OneOrMore;
  readonly Resource?: OneOrMore;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>;
}

/** A policy document as Terraform's `jsonencode`, so that it may hold ARNs that are known after apply. */
export const policyDocument = (
  ...Statement: readonly (PolicyStatement | UnlessEmpty<PolicyStatement>)[]
): string => jsonencode({ Version: "2012-10-17", Statement });

/**
 * Statements of a role that reads secrets. Secrets Manager decrypts with the caller's rights, so a secret under a customer
 * managed key also needs `kms:Decrypt` on that key.
 */
export const readSecrets = (
  { region, secretKmsKeyArns }: Pick<Deployment, "region" | "secretKmsKeyArns">,
  secretArns: readonly string[],
): (PolicyStatement | UnlessEmpty<PolicyStatement>)[] => {
  if (!secretArns.length) return [];
  const read: PolicyStatement = {
    Sid: "ReadSecrets",
    Effect: "Allow",
    Action: "secretsmanager:GetSecretValue",
    Resource: [...new Set(secretArns)],
  };
  if (!secretKmsKeyArns) return [read];
  const decrypt: PolicyStatement = {
    Sid: "DecryptSecrets",
    Effect: "Allow",
    Action: "kms:Decrypt",
    Resource: secretKmsKeyArns,
    Condition: { StringEquals: { "kms:ViaService": `secretsmanager.${region}.amazonaws.com` } },
  };
  return [read, new UnlessEmpty(secretKmsKeyArns, decrypt)];
};

/**
 * Trust policy of a role that one AWS service assumes.
 * @param source the resource and account on whose behalf alone it may (prevents the confused deputy problem)
 */
export const trustService = (service: string, source?: { arn: string; accountId: string }): string =>
  policyDocument({
    Sid: "AssumedByService",
    Effect: "Allow",
    Principal: { Service: service },
    Action: "sts:AssumeRole",
    ...(source && {
      Condition: {
        ArnLike: { "aws:SourceArn": source.arn },
        StringEquals: { "aws:SourceAccount": source.accountId },
      },
    }),
  });
