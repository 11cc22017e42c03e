import { GetPolicyCommand } from "@aws-sdk/client-iam";
import { GetBucketVersioningCommand, HeadBucketCommand } from "@aws-sdk/client-s3";
import { boundaryArn } from "../../../stacks/pipeline/boundary.ts";
import { type Finding, failed, finding, passed } from "../checks/check.ts";
import { type PreflightCheck, type Subject, unless } from "./check.ts";

/** Credentials of the account that the inputs name, a bucket for Terraform's state, and the roles' boundary. */
export const account: PreflightCheck = {
  name: "account",
  run: (subject) => Promise.all([credentials(subject), bucket(subject), boundary(subject)]),
};

/** Account that the inputs name. */
const accountOf = (inputs: Subject["inputs"]) => inputs.get("ecsClusterArn").split(":")[4] ?? "";

function credentials({ context, inputs }: Subject): Promise<Finding> {
  const what = "credentials";
  const remedy = "Choose a profile or role of that account: AWS_PROFILE=<profile>, or aws sso login";
  return finding(what, remedy, async () => {
    const { account, arn } = await context.caller();
    const named = accountOf(inputs);
    return named === account
      ? passed(what, arn)
      : failed(what, `${arn} is of account ${account}; ecs_cluster_id names account ${named}`, remedy);
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
        `npm run ops -- bootstrap-state ${environment.environment} makes it`,
      );
    const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }));
    return Status === "Enabled"
      ? passed(what, "keeps versions")
      : failed(
          what,
          "keeps no versions, so a broken state can't be restored",
          `npm run ops -- bootstrap-state ${environment.environment} makes it keep them`,
        );
  });
}

/** IAM makes no role whose permissions boundary does not exist. */
function boundary({ aws, inputs, environment: { environment, project } }: Subject): Promise<Finding> {
  const what = "permissions boundary of the roles";
  return finding(what, "", async () => {
    const PolicyArn = boundaryArn({ project, accountId: accountOf(inputs) });
    const found = await unless(
      ["NoSuchEntityException", "NoSuchEntity"],
      aws.iam.send(new GetPolicyCommand({ PolicyArn })),
    );
    return found
      ? passed(what, PolicyArn)
      : failed(
          what,
          `there is no policy ${PolicyArn}`,
          `As an administrator: npm run apply -- pipeline-${environment}`,
        );
  });
}
