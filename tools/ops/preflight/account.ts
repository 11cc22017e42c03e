import { GetBucketVersioningCommand, HeadBucketCommand } from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { type Finding, failed, finding, passed } from "../checks/check.ts";
import { type PreflightCheck, type Subject, unless } from "./check.ts";

/** Credentials of the account that the inputs name, and a bucket for Terraform's state. */
export const account: PreflightCheck = {
  name: "account",
  run: (subject) => Promise.all([credentials(subject), bucket(subject)]),
};

function credentials({ aws, inputs }: Subject): Promise<Finding> {
  const what = "credentials";
  const remedy = "Choose a profile or role of that account: AWS_PROFILE=<profile>, or aws sso login";
  return finding(what, remedy, async () => {
    const { Account = "", Arn = "" } = await aws.sts.send(new GetCallerIdentityCommand({}));
    const named = inputs.get("ecsClusterArn").split(":")[4];
    return named === Account
      ? passed(what, Arn)
      : failed(what, `${Arn} is of account ${Account}; ecs_cluster_id names account ${named}`, remedy);
  });
}

function bucket({ aws, environment }: Subject): Promise<Finding> {
  const { bucket: Bucket, region } = environment.state;
  const what = `state bucket ${Bucket}`;
  return finding(what, "", async () => {
    const s3 = aws.s3(region);
    const missing = await unless(["NotFound", "NoSuchBucket"], s3.send(new HeadBucketCommand({ Bucket })));
    if (!missing)
      return failed(
        what,
        "does not exist",
        `Make it with versioning: aws s3api create-bucket --bucket ${Bucket}, then put-bucket-versioning`,
      );
    const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }));
    return Status === "Enabled"
      ? passed(what, "keeps versions")
      : failed(
          what,
          "keeps no versions, so a broken state can't be restored",
          `aws s3api put-bucket-versioning --bucket ${Bucket} --versioning-configuration Status=Enabled`,
        );
  });
}
