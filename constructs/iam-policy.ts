import { jsonencode } from "./encode.ts";

type OneOrMore = string | readonly string[];

/** One statement of an IAM policy, in IAM's own words. */
export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Principal?: Readonly<Record<string, OneOrMore>>;
  readonly Action: OneOrMore;
  readonly Resource?: OneOrMore;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>;
}

/** A policy document as Terraform's `jsonencode`, so that ARNs which are known after apply can stand in it. */
export const policyDocument = (...Statement: readonly PolicyStatement[]): string =>
  jsonencode({ Version: "2012-10-17", Statement });

/**
 * Trust policy of a role that one AWS service assumes.
 * @param sourceArn where given, only on behalf of this resource and account (the confused deputy check)
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
