import path from "node:path";
import { DataAwsCallerIdentity } from "@cdktf/provider-aws/lib/data-aws-caller-identity";
import { IamOpenidConnectProvider } from "@cdktf/provider-aws/lib/iam-openid-connect-provider";
import { IamPolicy } from "@cdktf/provider-aws/lib/iam-policy";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { S3Backend, TerraformOutput, TerraformVariable } from "cdktf";
import type { Construct } from "constructs";
import { policyDocument } from "../../constructs/iam-policy.ts";
import { checkedName } from "../../constructs/names.ts";
import type { Environment } from "../../environments/schema.ts";
import { ReadableStack } from "../addresses.ts";
import { REPOSITORY, TERRAFORM_VERSION } from "../chat/chat-stack.ts";
import { deployRights } from "./deploy-rights.ts";
import { planRights } from "./plan-rights.ts";

const ISSUER = "token.actions.githubusercontent.com";
const AUDIENCE = "sts.amazonaws.com";

/** Maximum seconds of a deployment: IAM ends the session then. The workflows request the same. */
export const DEPLOY_SECONDS = 7200;

interface RoleProps {
  /** What the role is for, at the end of its name. */
  readonly use: "plan" | "deploy";
  readonly description: string;
  /** GitHub environment whose jobs may assume the role. */
  readonly gitHubEnvironment: string;
  /** Git ref that such a job must run on. @default - any */
  readonly ref?: string;
  /** Ids of its policies. */
  readonly policies: readonly string[];
  readonly sessionSeconds?: number;
}

/**
 * The pipeline's roles in an environment's account: one reads, for plans; the other deploys. An administrator applies
 * this stack, because neither role may change the roles of the pipeline: their names match no prefix that it may write.
 */
export class PipelineStack extends ReadableStack {
  constructor(scope: Construct, environment: Environment) {
    super(scope, `pipeline-${environment.environment}`);
    const { project, region, environment: name, production, state, inputs } = environment;

    const key = path.posix.join(path.posix.dirname(state.key), `pipeline-${name}.tfstate`);
    new S3Backend(this, { ...state, key, encrypt: true }).addOverride("use_lockfile", true);
    new AwsProvider(this, "aws", {
      region,
      defaultTags: [
        { tags: { Project: project, Environment: name, Repository: REPOSITORY, Module: "pipeline" } },
      ],
    });
    this.addOverride("terraform.required_version", TERRAFORM_VERSION);
    const { accountId } = new DataAwsCallerIdentity(this, "current");

    const subject = new TerraformVariable(this, "github_subject", {
      type: "string",
      nullable: false,
      default: `repo:${REPOSITORY}`,
      description:
        "Prefix of the subject in the repository's OIDC tokens, as GitHub's settings of Actions show it: with ids of " +
        "owner and repository if it was created or renamed after June 2026",
      validation: [
        {
          condition: `\${can(regex("^repo:[A-Za-z0-9_.@-]+/[A-Za-z0-9_.@-]+$", var.github_subject))}`,
          errorMessage: "github_subject must read repo:<owner>/<repository>, without placeholders.",
        },
      ],
    });
    const provider = this.gitHubProvider();

    const rightsProps = {
      project,
      environment: name,
      region,
      accountId,
      production,
      state,
      platformState: inputs.from === "remote-state" ? inputs : undefined,
    };
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

    const role = ({ use, description, gitHubEnvironment, ref, sessionSeconds, ...props }: RoleProps) => {
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
              [`${ISSUER}:sub`]: `${subject.stringValue}:environment:${gitHubEnvironment}`,
            },
            ...(ref && { StringLike: { [`${ISSUER}:ref`]: ref } }),
          },
        }),
        dependsOn: [provider],
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
    role({
      use: "plan",
      description: `Plans ${name}: reads, and writes nothing`,
      gitHubEnvironment: `${name}-plan`,
      policies: Object.keys(toPlan),
    });
    role({
      use: "deploy",
      description: `Deploys ${name}`,
      gitHubEnvironment: name,
      ref: production ? "refs/tags/v*" : "refs/heads/main",
      policies: Object.keys(toDeploy),
      sessionSeconds: DEPLOY_SECONDS,
    });
  }

  /** GitHub's identity provider. An account has only one, so another stack may have made it. */
  private gitHubProvider(): IamOpenidConnectProvider {
    const create = new TerraformVariable(this, "create_github_provider", {
      type: "bool",
      nullable: false,
      default: true,
      description: "Whether to create GitHub's identity provider: false if the account has it already",
    });
    const provider = new IamOpenidConnectProvider(this, "github", {
      url: `https://${ISSUER}`,
      clientIdList: [AUDIENCE],
    });
    provider.addOverride("count", `\${${create.fqn} ? 1 : 0}`);
    return provider;
  }
}
