import { CognitoUser } from "@cdktf/provider-aws/lib/cognito-user";
import { CognitoUserGroup } from "@cdktf/provider-aws/lib/cognito-user-group";
import { CognitoUserInGroup } from "@cdktf/provider-aws/lib/cognito-user-in-group";
import { CognitoUserPool } from "@cdktf/provider-aws/lib/cognito-user-pool";
import { CognitoUserPoolDomain } from "@cdktf/provider-aws/lib/cognito-user-pool-domain";
import { DataAwsLambdaFunctions } from "@cdktf/provider-aws/lib/data-aws-lambda-functions";
import { Construct } from "constructs";
import { type Deployment, stateful } from "../../constructs/deployment.ts";
import { jsonencode } from "../../constructs/encode.ts";
import { GeneratedSecret } from "../../constructs/generated-secret.ts";
import type { PlatformSettings } from "../../environments/platform-settings.ts";
import { groups as toolGroups } from "../../mcp-server/auth/caller.ts";
import { triggerFunctionNames } from "../../modules/chat-hasura-lite/function-names.ts";

export interface UserPoolProps extends Pick<PlatformSettings, "cognitoDomain" | "mfa" | "selfSignUp"> {
  readonly deployment: Deployment;
}

/** Groups that open a room, and groups that open tools of the MCP server. */
const groups = {
  internal: "People who join the room Internal",
  partners: "People who join the room Partners",
  ...Object.fromEntries(toolGroups.map((name) => [name, `People and agents with the tools of ${name}`])),
};
const AGENT = "phenom-agent";

/**
 * The user pool that everybody signs in with, its groups, and the agent's account. The two functions of the chat become
 * its triggers by themselves, at the first apply that finds them: the chat needs the pool before it can make them.
 */
export class UserPool extends Construct {
  readonly id: string;
  readonly arn: string;
  readonly domain: string;
  readonly agentSecretArn: string;

  constructor(scope: Construct, id: string, props: UserPoolProps) {
    super(scope, id);
    const { deployment, mfa, selfSignUp } = props;
    const pool = new CognitoUserPool(this, "Default", {
      name: `${deployment.project}-users`,
      // People sign in with their address, and have a user name beside it, which is their Matrix id for good.
      aliasAttributes: ["email"],
      autoVerifiedAttributes: ["email"],
      usernameConfiguration: { caseSensitive: false },
      userAttributeUpdateSettings: { attributesRequireVerificationBeforeUpdate: ["email"] },
      // Length counts and rules of composition don't, says NIST SP 800-63B.
      passwordPolicy: {
        minimumLength: 12,
        requireLowercase: false,
        requireNumbers: false,
        requireSymbols: false,
        requireUppercase: false,
        temporaryPasswordValidityDays: 7,
      },
      mfaConfiguration: mfa ? "OPTIONAL" : "OFF",
      ...(mfa && { softwareTokenMfaConfiguration: { enabled: true } }),
      adminCreateUserConfig: { allowAdminCreateUserOnly: !selfSignUp },
      accountRecoverySetting: { recoveryMechanism: [{ name: "verified_email", priority: 1 }] },
      // The least tier in which a trigger adds claims to access tokens; free up to 10 000 people a month.
      userPoolTier: "ESSENTIALS",
      deletionProtection: deployment.protectData ? "ACTIVE" : "INACTIVE",
      tags: deployment.tags,
      ...stateful(deployment),
    });
    this.attachTriggers(deployment, pool);
    const domain = new CognitoUserPoolDomain(this, "domain", {
      domain: props.cognitoDomain,
      userPoolId: pool.id,
    });
    const made = Object.entries(groups).map(
      ([name, description]) =>
        new CognitoUserGroup(this, `group-${name}`, { name, description, userPoolId: pool.id }),
    );
    this.id = pool.id;
    this.arn = pool.arn;
    this.domain = domain.domain;
    this.agentSecretArn = this.agent(deployment, pool, made);
  }

  /** Attaches the functions that exist. Cognito would refuse every sign-in while one of its triggers is missing. */
  private attachTriggers({ project, region, accountId }: Deployment, pool: CognitoUserPool): void {
    const found = new DataAwsLambdaFunctions(this, "functions").fqn;
    const { userProvisioner, tokenEnhancement } = triggerFunctionNames(project);
    const arn = (name: string) => `arn:aws:lambda:${region}:${accountId}:function:${name}`;
    const both = [userProvisioner, tokenEnhancement].map(
      (name) => `contains(${found}.function_names, "${name}")`,
    );
    // The class of CDKTF can't write a block that is there on a condition.
    pool.addOverride("dynamic.lambda_config", {
      for_each: `\${${both.join(" && ")} ? [true] : []}`,
      content: {
        post_authentication: arn(userProvisioner),
        post_confirmation: arn(userProvisioner),
        pre_token_generation: arn(tokenEnhancement),
        // From V2_0 on, the function can also set the access token's claims.
        pre_token_generation_config: { lambda_arn: arn(tokenEnhancement), lambda_version: "V2_0" },
      },
    });
  }

  /**
   * The account without a password, which Terraform would keep in its state: `npm run ops -- deploy` sets the one of the
   * secret.
   * @returns ARN of the secret
   */
  private agent(
    deployment: Deployment,
    { id: userPoolId }: CognitoUserPool,
    groups: readonly CognitoUserGroup[],
  ): string {
    const user = new CognitoUser(this, "agent", {
      userPoolId,
      username: AGENT,
      messageAction: "SUPPRESS",
    });
    new CognitoUserInGroup(this, "agent-group", {
      userPoolId,
      username: user.username,
      groupName: "agent",
      dependsOn: [...groups],
    });
    return new GeneratedSecret(this, "agent-secret", {
      deployment,
      name: `${deployment.project}-chat-agent`,
      description: "Account that the MCP server signs in with",
      length: 40,
      version: 1,
      value: (password) => jsonencode({ AGENT_USERNAME: AGENT, AGENT_PASSWORD: password }),
    }).arn;
  }
}
