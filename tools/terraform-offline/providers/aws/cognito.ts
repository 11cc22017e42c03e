import { Diagnostic } from "../../plugin/diagnostic.ts";
import { blocksOf, hasUnknown, isText, listOf, type Values } from "../../plugin/value.ts";
import { CREATED } from "../invented.ts";
import { type Checks, isEmpty, isOther } from "./checks.ts";
import { ACCOUNT } from "./ids.ts";
import type { AwsService } from "./service.ts";
import { uniqueKey } from "./unique.ts";

const authFlows = [
  "ADMIN_NO_SRP_AUTH",
  "CUSTOM_AUTH_FLOW_ONLY",
  "USER_PASSWORD_AUTH",
  "ALLOW_ADMIN_USER_PASSWORD_AUTH",
  "ALLOW_CUSTOM_AUTH",
  "ALLOW_USER_PASSWORD_AUTH",
  "ALLOW_USER_SRP_AUTH",
  "ALLOW_REFRESH_TOKEN_AUTH",
  "ALLOW_USER_AUTH",
];

const httpsPattern = /^https:\/\/[^\s#]+$/;
const localhostPattern = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])([:/][^\s#]*)?$/;
const appSchemePattern = /^(?!http:)[a-z][a-z0-9+.-]*:\/\/[^\s#]*$/i;

function checkUrls(checks: Checks, config: Values, name: string): void {
  const urls = listOf(config[name]);
  for (const url of urls)
    if (
      isText(url) &&
      ![httpsPattern, localhostPattern, appSchemePattern].some((pattern) => pattern.test(url))
    )
      checks.error(
        name,
        `invalid ${name} entry ${JSON.stringify(url)}`,
        "It must be https:// (http:// is for localhost only) or an app scheme, without spaces and without a " +
          "fragment.",
      );
  if (urls.length > 100) checks.error(name, `${name} may hold 100 entries, got ${urls.length}`);
}

function checkOAuth(checks: Checks, config: Values): void {
  const {
    allowed_oauth_flows,
    allowed_oauth_flows_user_pool_client: enabled,
    allowed_oauth_scopes,
    callback_urls,
    default_redirect_uri,
    generate_secret,
  } = config;
  const flows = listOf(allowed_oauth_flows);
  for (const flow of flows)
    if (isText(flow) && !["code", "implicit", "client_credentials"].includes(flow))
      checks.error("allowed_oauth_flows", `unknown OAuth flow ${flow}`);
  if (flows.includes("client_credentials") && flows.length > 1)
    checks.error(
      "allowed_oauth_flows",
      "client_credentials flow can not be selected along with code flow or implicit flow",
    );
  if (flows.includes("client_credentials") && isOther(generate_secret, true))
    checks.error(
      "generate_secret",
      "client_credentials flow can not be selected if client does not have a client secret",
    );
  const redirects = flows.includes("code") || flows.includes("implicit");
  if (redirects && (callback_urls === null || isEmpty(callback_urls)))
    checks.error("callback_urls", "code and implicit flows need at least one callback URL");
  if (enabled === true && allowed_oauth_flows !== null && allowed_oauth_scopes === null)
    checks.error("allowed_oauth_scopes", "allowed_oauth_scopes is required with allowed_oauth_flows");
  if (flows.length && isOther(enabled, true))
    checks.error(
      "allowed_oauth_flows_user_pool_client",
      "allowed_oauth_flows_user_pool_client must be set to true before you can configure OAuth 2.0 features",
    );
  if (
    isText(default_redirect_uri) &&
    Array.isArray(callback_urls) &&
    !hasUnknown(callback_urls) &&
    !callback_urls.includes(default_redirect_uri)
  )
    checks.error("default_redirect_uri", "default_redirect_uri must be one of callback_urls");
}

function checkRotation(checks: Checks, { refresh_token_rotation, explicit_auth_flows }: Values): void {
  for (const rotation of blocksOf(refresh_token_rotation)) {
    checks.oneOf(rotation, "feature", ["ENABLED", "DISABLED"], "refresh_token_rotation");
    checks.range(rotation, "retry_grace_period_seconds", 0, 60, "refresh_token_rotation");
    if (rotation.feature !== "ENABLED") continue;
    if (listOf(explicit_auth_flows).includes("ALLOW_REFRESH_TOKEN_AUTH"))
      checks.error(
        "explicit_auth_flows",
        "InvalidParameterException: refresh token rotation excludes ALLOW_REFRESH_TOKEN_AUTH",
      );
    // Cognito answers with 0 what is not set, and the provider did not plan that.
    if (rotation.retry_grace_period_seconds === null)
      checks.error(
        "refresh_token_rotation",
        "Provider produced inconsistent result after apply: retry_grace_period_seconds must be set",
      );
  }
}

const userPool = {
  creation_date: CREATED,
  last_modified_date: CREATED,
  mfa_configuration: "OFF",
  user_pool_tier: "ESSENTIALS",
};

export const cognito: AwsService = {
  resources: {
    aws_cognito_user_pool: {
      check(checks, config) {
        const { mfa_configuration: mfa, sms_configuration, software_token_mfa_configuration } = config;
        checks.conflicts(config, "username_attributes", ["alias_attributes"]);
        if (
          (mfa === "ON" || mfa === "OPTIONAL") &&
          [sms_configuration, software_token_mfa_configuration, config.email_mfa_configuration].every(isEmpty)
        )
          checks.error(
            "mfa_configuration",
            "InvalidParameterException: SMS configuration and Auto verification for phone_number are required when MFA " +
              `is required/optional: mfa_configuration is ${mfa} without any kind of second factor`,
          );
        for (const policy of blocksOf(config.password_policy))
          checks.range(policy, "minimum_length", 6, 99, ["password_policy", 0, "minimum_length"]);
        for (const triggers of blocksOf(config.lambda_config))
          for (const { lambda_arn } of blocksOf(triggers.pre_token_generation_config))
            if (isText(lambda_arn) && isOther(triggers.pre_token_generation ?? null, lambda_arn))
              checks.error(
                "lambda_config",
                "InvalidParameterException: pre_token_generation and the lambda_arn of pre_token_generation_config differ",
              );
      },
      computed(_planned, ids) {
        const id = `${ids.region}_${ids.mixed(9)}`;
        return {
          ...userPool,
          id,
          arn: ids.arn("cognito-idp", `userpool/${id}`),
          endpoint: `cognito-idp.${ids.region}.amazonaws.com/${id}`,
          estimated_number_of_users: 0,
          deletion_protection: "INACTIVE",
        };
      },
      replacedBy: ["username_attributes", "alias_attributes", "username_configuration"],
    },
    aws_cognito_user_pool_client: {
      check(checks, config) {
        checkUrls(checks, config, "callback_urls");
        checkUrls(checks, config, "logout_urls");
        checks.matches(
          config,
          "name",
          /^[\w\s+=,.@-]{1,128}$/,
          "At most 128 letters, digits, spaces and +=,.@-_",
        );
        checkOAuth(checks, config);
        checkRotation(checks, config);
        for (const flow of listOf(config.explicit_auth_flows))
          if (isText(flow) && !authFlows.includes(flow))
            checks.error(
              "explicit_auth_flows",
              `unknown auth flow ${flow}`,
              `It must be one of ${authFlows.join(", ")}.`,
            );
      },
      computed: ({ generate_secret }, ids) => ({
        id: ids.lower(26),
        client_secret: generate_secret === true ? ids.lower(51, "secret") : "",
        explicit_auth_flows: ["ALLOW_CUSTOM_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"],
        refresh_token_validity: 30,
        auth_session_validity: 3,
        enable_token_revocation: true,
      }),
      replacedBy: ["user_pool_id", "generate_secret"],
    },
    aws_cognito_user_pool_domain: {
      check(checks, config) {
        const { domain } = config;
        if (!isText(domain) || domain.includes(".")) return;
        checks.matches(
          config,
          "domain",
          /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
          "A domain prefix holds lowercase letters, digits and hyphens.",
        );
        if (/aws|amazon|cognito/.test(domain))
          checks.error("domain", `"domain" prefix cannot hold the words aws, amazon or cognito: ${domain}`);
      },
      computed({ domain }, ids) {
        const distribution = `d${ids.lower(13)}.cloudfront.net`;
        return {
          id: domain,
          aws_account_id: ACCOUNT,
          cloudfront_distribution: distribution,
          cloudfront_distribution_arn: distribution,
          cloudfront_distribution_zone_id: "Z2FDTNDATAQYW2",
          s3_bucket: `aws-cognito-prod-${ids.region}-assets`,
          version: "20250101000000",
          managed_login_version: 1,
        };
      },
      replacedBy: ["domain", "user_pool_id"],
      unique: { by: ["domain"], error: "InvalidParameterException: Domain already exists" },
    },
    aws_cognito_resource_server: {
      check(checks, { scope }) {
        for (const { scope_name: name } of blocksOf(scope))
          if (isText(name) && !/^[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]+$/.test(name))
            checks.error("scope", `invalid scope name ${JSON.stringify(name)}`);
      },
      computed: ({ user_pool_id, identifier, scope }) => ({
        id: `${user_pool_id}|${identifier}`,
        scope_identifiers: blocksOf(scope).map(({ scope_name }) => `${identifier}/${scope_name}`),
      }),
      replacedBy: ["identifier", "user_pool_id"],
      unique: { by: ["user_pool_id", "identifier"], error: "InvalidParameterException" },
    },
    aws_cognito_identity_provider: {
      computed: ({ user_pool_id, provider_name }) => ({ id: `${user_pool_id}:${provider_name}` }),
      replacedBy: ["provider_name", "provider_type", "user_pool_id"],
    },
    aws_cognito_user_group: {
      computed: ({ user_pool_id, name }) => ({ id: `${user_pool_id}/${name}` }),
      replacedBy: ["user_pool_id", "name"],
      unique: { by: ["user_pool_id", "name"], error: "GroupExistsException" },
    },
    aws_cognito_user: {
      check(checks, config) {
        checks.conflicts(config, "password", ["temporary_password"]);
        checks.oneOf(config, "message_action", ["RESEND", "SUPPRESS"]);
      },
      computed: ({ user_pool_id, username }, ids) => ({
        id: `${user_pool_id}/${username}`,
        sub: ids.uuid(),
        status: "FORCE_CHANGE_PASSWORD",
        creation_date: CREATED,
        last_modified_date: CREATED,
        mfa_setting_list: [],
        preferred_mfa_setting: "",
      }),
      replacedBy: ["user_pool_id", "username"],
      unique: { by: ["user_pool_id", "username"], error: "UsernameExistsException" },
    },
    aws_cognito_user_in_group: {
      computed: ({ user_pool_id, group_name, username }) => ({
        id: `${user_pool_id}/${group_name}/${username}`,
      }),
      replacedBy: ["user_pool_id", "group_name", "username"],
      applied({ user_pool_id, group_name, region = null }, { run }) {
        const key = uniqueKey(
          "aws_cognito_user_group",
          { by: ["user_pool_id", "name"], error: "" },
          { user_pool_id: user_pool_id ?? null, name: group_name ?? null, region },
        );
        if (!run.names.has(key))
          throw new Diagnostic(
            "creating aws_cognito_user_in_group: ResourceNotFoundException: Group not found.",
            `the user pool ${user_pool_id} has no group ${group_name}: depend on the group, or correct its name`,
            ["group_name"],
          );
      },
    },
  },
  dataSources: {
    aws_cognito_user_pools: {
      computed({ name }, ids) {
        const id = `${ids.region}_${ids.mixed(9)}`;
        return { id: name, ids: [id], arns: [ids.arn("cognito-idp", `userpool/${id}`)] };
      },
    },
    aws_cognito_user_pool: {
      computed: ({ user_pool_id }, ids) => ({
        ...userPool,
        id: user_pool_id,
        arn: ids.arn("cognito-idp", `userpool/${user_pool_id}`),
        name: "offline-pool",
        domain: "offline-pool",
        deletion_protection: "ACTIVE",
      }),
    },
    aws_cognito_user_pool_client: {
      computed: ({ client_id }) => ({ id: client_id, name: "offline-client", client_secret: "" }),
    },
  },
};
