import { DataAwsCallerIdentity } from "@cdktf/provider-aws/lib/data-aws-caller-identity";
import { IamOpenidConnectProvider } from "@cdktf/provider-aws/lib/iam-openid-connect-provider";
import { IamPolicy } from "@cdktf/provider-aws/lib/iam-policy";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { TerraformOutput } from "cdktf";
import type { Construct } from "constructs";
import { policyDocument } from "../../constructs/iam-policy.ts";
import { checkedName } from "../../constructs/names.ts";
import { DEPLOY_SECONDS } from "../../environments/pipeline-settings.ts";
import type { Environment } from "../../environments/schema.ts";
import { pipelineStack, pipelineState } from "../../environments/stack-names.ts";
import { ReadableStack } from "../addresses.ts";
import { settings } from "../settings.ts";
import { boundary, boundaryName } from "./boundary.ts";
import { deployRights } from "./deploy-rights.ts";
import { planRights } from "./plan-rights.ts";

const ISSUER = "token.actions.githubusercontent.com";
const AUDIENCE = "sts.amazonaws.com";

interface RoleProps {
  /** What the role is for, at the end of its name. */
  readonly use: "plan" | "deploy";
  readonly description: string;
  /** GitHub environment whose jobs may assume the role. */
  readonly gitHubEnvironment: string;
  /**
   * Git refs that such a job must run on, so that it runs reviewed code whatever the rules of the GitHub environment are:
   * a job of a pull request runs on `refs/pull/…`.
   */
  readonly refs: readonly string[];
  /** Ids of its policies. */
  readonly policies: readonly string[];
  readonly sessionSeconds?: number;
}

/**
 * The pipeline's roles in an environment's account: one reads, for plans; the other deploys. Beside them, the permissions
 * boundary of all roles that the other one makes. An administrator applies this stack, because neither role may change
 * it: the roles' names match no prefix that they may write, and they may write no managed policy.
 */
export class PipelineStack extends ReadableStack {
  constructor(scope: Construct, environment: Environment) {
    super(scope, pipelineStack(environment.environment));
    const { project, region, environment: name, production, state, inputs, pipeline } = environment;

    settings(this, { environment, state: pipelineState(name, state), module: "pipeline" });
    const { accountId } = new DataAwsCallerIdentity(this, "current");

    const provider = pipeline.createGitHubProvider
      ? [new IamOpenidConnectProvider(this, "github", { url: `https://${ISSUER}`, clientIdList: [AUDIENCE] })]
      : [];

    const rightsProps = {
      project,
      environment: name,
      region,
      accountId,
      production,
      platformSecrets: pipeline.platformSecrets,
      state,
      platformState: inputs.from === "remote-state" ? inputs : undefined,
    };
    new IamPolicy(this, "boundary", {
      name: boundaryName(project),
      description: `Limits what the tasks and functions of ${name} may do`,
      policy: policyDocument(...boundary(rightsProps)),
    });
    const toPlan = planRights(rightsProps);
    const toDeploy = { ...toPlan, ...deployRights(rightsProps) };
    const policies = Object.fromEntries(
      Object.entries(toDeploy).map(([id, statements]) => {
        const words = id.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
        const policy = new IamPolicy(this, `policy-${words}`, {
          name: `${project}-pipeline-${words}`,
          description: `For the pipeline of ${name}`,
          policy: policyDocument(...statements),
        });
        return [id, policy.arn];
      }),
    );

    const role = ({ use, description, gitHubEnvironment, refs, sessionSeconds, ...props }: RoleProps) => {
      const made = new IamRole(this, `${use}-role`, {
        name: checkedName(this, "IAM role", `${project}-pipeline-${use}`),
        description,
        ...(sessionSeconds && { maxSessionDuration: sessionSeconds }),
        assumeRolePolicy: policyDocument({
          Sid: "JobsOfGitHub",
          Effect: "Allow",
          Principal: { Federated: `arn:aws:iam::${accountId}:oidc-provider/${ISSUER}` },
          Action: "sts:AssumeRoleWithWebIdentity",
          Condition: {
            StringEquals: {
              [`${ISSUER}:aud`]: AUDIENCE,
              [`${ISSUER}:sub`]: pipeline.gitHubSubjects.map(
                (subject) => `${subject}:environment:${gitHubEnvironment}`,
              ),
            },
            StringLike: { [`${ISSUER}:ref`]: refs },
          },
        }),
        dependsOn: provider,
      });
      for (const id of props.policies)
        new IamRolePolicyAttachment(this, `${use}-${id.toLowerCase()}`, {
          role: made.name,
          policyArn: policies[id] ?? "",
        });
      new TerraformOutput(this, `${use}_role_arn`, {
        description: `Variable AWS_ROLE_ARN of the GitHub environment ${gitHubEnvironment}`,
        value: made.arn,
      });
    };
    const [main, releases] = ["refs/heads/main", "refs/tags/v*"];
    role({
      use: "plan",
      description: `Plans ${name}: reads, and writes nothing`,
      gitHubEnvironment: `${name}-plan`,
      refs: production ? [main, releases] : [main],
      policies: Object.keys(toPlan),
    });
    role({
      use: "deploy",
      description: `Deploys ${name}`,
      gitHubEnvironment: name,
      refs: [production ? releases : main],
      policies: Object.keys(toDeploy),
      sessionSeconds: DEPLOY_SECONDS,
    });
  }
}
