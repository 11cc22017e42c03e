import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  HeadBucketCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { EXIT, Problem } from "../../cli/problem.ts";
import { unless } from "../preflight/check.ts";
import type { Verb } from "../verb.ts";

export const bootstrapState: Verb = ({ verb, run }) =>
  verb(
    "bootstrap-state",
    "make the bucket of the Terraform state: versioned, encrypted, not public, TLS only",
  ).action((data, options) =>
    run(data, options, async (context) => {
      const { bucket, region } = context.environment.state;
      const { account } = await context.caller();
      const s3 = context.aws.s3(region);
      const exists = await isOurs(s3, bucket);
      const steps = [
        exists
          ? `use the bucket ${bucket}, which exists`
          : `make the bucket ${bucket} in account ${account}, ${region}`,
        "keep its versions, encrypt it, refuse public access and requests without TLS",
      ];
      if (!(await context.confirm(steps))) return EXIT.ok;
      if (!exists) await create(s3, bucket, region);
      await protect(s3, bucket);
      context.report.line(`${exists ? "protected" : "made"} ${bucket} in account ${account}`);
      context.report.result({ bucket, created: !exists });
      return EXIT.ok;
    }),
  );

/** Whether the bucket exists. @throws Problem where it belongs to another account */
async function isOurs(s3: S3Client, Bucket: string): Promise<boolean> {
  try {
    return (
      (await unless(["NotFound", "NoSuchBucket"], s3.send(new HeadBucketCommand({ Bucket })))) !== undefined
    );
  } catch (error) {
    // AWS names no reason in an answer without a body: 403 is another account's bucket or a missing right.
    if (!(error instanceof Error) || !["Forbidden", "403", "AccessDenied"].includes(error.name)) throw error;
    throw new Problem(
      `the bucket ${Bucket} is another account's, or these credentials may not use it`,
      "Names of buckets are unique on all of AWS: choose another in state.bucket of the environment's file, or use credentials with s3:ListBucket",
      EXIT.refused,
      { cause: error },
    );
  }
}

async function create(s3: S3Client, Bucket: string, region: string): Promise<void> {
  // S3 refuses the name of its first region here.
  const location = region === "us-east-1" ? {} : { LocationConstraint: region as BucketLocationConstraint };
  await s3.send(
    new CreateBucketCommand({
      Bucket,
      ...("LocationConstraint" in location && { CreateBucketConfiguration: location }),
    }),
  );
}

/** Every setting may be repeated. */
async function protect(s3: S3Client, Bucket: string): Promise<void> {
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }));
  await s3.send(
    new PutBucketEncryptionCommand({
      Bucket,
      ServerSideEncryptionConfiguration: {
        Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } }],
      },
    }),
  );
  await s3.send(
    new PutPublicAccessBlockCommand({
      Bucket,
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    }),
  );
  await s3.send(
    new PutBucketPolicyCommand({
      Bucket,
      Policy: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "TlsOnly",
            Effect: "Deny",
            Principal: "*",
            Action: "s3:*",
            Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
            Condition: { Bool: { "aws:SecureTransport": "false" } },
          },
        ],
      }),
    }),
  );
}
