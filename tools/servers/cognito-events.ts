/** Events in the form that Cognito documents for its triggers. */
const common = {
  region: "us-east-1",
  userPoolId: "us-east-1_EXAMPLE",
  userName: "ann",
  callerContext: { awsSdkVersion: "aws-sdk-unknown-unknown", clientId: "1example23456789" },
};

export const sub = "2f8d4b1a-3c5e-4f70-9a6b-0c1d2e3f4a5b";

const userAttributes = {
  sub,
  "cognito:user_status": "CONFIRMED",
  email_verified: "true",
  email: "ann@example.com",
};

const groupConfiguration = (groups: readonly string[]) => ({
  groupsToOverride: [...groups],
  iamRolesToOverride: groups.map((group) => `arn:aws:iam::123456789012:role/${group}`),
  preferredRole: groups.length > 0 ? `arn:aws:iam::123456789012:role/${groups[0]}` : null,
});

export const tokenEvents = {
  V1_0: (groups: readonly string[]) => ({
    version: "1",
    triggerSource: "TokenGeneration_Authentication",
    ...common,
    request: { userAttributes, groupConfiguration: groupConfiguration(groups) },
    response: { claimsOverrideDetails: null },
  }),
  V2_0: (groups: readonly string[]) => ({
    version: "2",
    triggerSource: "TokenGeneration_HostedAuth",
    ...common,
    request: {
      userAttributes,
      groupConfiguration: groupConfiguration(groups),
      scopes: ["openid", "email"],
      clientMetadata: { app: "phenom" },
    },
    response: { claimsAndScopeOverrideDetails: null },
  }),
  V3_0: (groups: readonly string[]) => ({
    version: "3",
    triggerSource: "TokenGeneration_RefreshTokens",
    ...common,
    request: {
      userAttributes,
      groupConfiguration: groupConfiguration(groups),
      scopes: ["aws.cognito.signin.user.admin"],
    },
    response: { claimsAndScopeOverrideDetails: null },
  }),
};

/** V3_0 for an application that signs in as itself. */
export const clientCredentialsEvent = {
  version: "3",
  triggerSource: "TokenGeneration_ClientCredentials",
  ...common,
  userName: "1example23456789",
  request: {
    userAttributes: {},
    groupConfiguration: { groupsToOverride: null, iamRolesToOverride: null, preferredRole: null },
    scopes: ["chat/read"],
  },
  response: { claimsAndScopeOverrideDetails: null },
};

/** The post authentication event; attributes are added to or taken from (undefined) the sample's. */
export const postAuthenticationEvent = (
  attributes: Readonly<Record<string, string | undefined>> = {},
  userName = common.userName,
) => ({
  version: "1",
  triggerSource: "PostAuthentication_Authentication",
  ...common,
  userName,
  request: { userAttributes: { ...userAttributes, ...attributes }, newDeviceUsed: false },
  response: {},
});
