import { describe, expect, it } from "@jest/globals";
import { environment, Template } from "../../stacks/chat/template.ts";

const template = new Template();
const client = (name: string) => template.resource(`aws_cognito_user_pool_client.chat_shared_${name}`);

describe("the Cognito clients", () => {
  it("let Synapse sign people in by authorisation code only", () => {
    expect(client("synapse_oidc")).toMatchObject({
      name: "phenom-dev-synapse-oidc",
      generate_secret: true,
      allowed_oauth_flows: ["code"],
      allowed_oauth_scopes: ["openid", "email", "profile"],
      callback_urls: ["https://chat-testing.thephenom.app/_synapse/client/oidc/callback"],
      supported_identity_providers: ["COGNITO"],
      explicit_auth_flows: ["ALLOW_REFRESH_TOKEN_AUTH"],
    });
  });

  it("let people sign in with the user pool's other identity providers that the environment names", () => {
    const others = new Template(environment({ identityProviders: ["Google", "SignInWithApple"] }));
    for (const name of ["synapse_oidc", "mcp", "admin_ui"])
      expect(others.resource(`aws_cognito_user_pool_client.chat_shared_${name}`)).toMatchObject({
        supported_identity_providers: ["COGNITO", "Google", "SignInWithApple"],
      });
  });

  it("let agents sign in with password and refresh token, without a browser", () => {
    expect(client("agent")).toMatchObject({
      name: "phenom-dev-chat-agent",
      generate_secret: true,
      explicit_auth_flows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    });
    expect(client("agent")).not.toHaveProperty("allowed_oauth_flows");
  });

  it("include a public client through which the MCP server signs people in, with the server's one callback", () => {
    expect(client("mcp")).toMatchObject({
      name: "phenom-dev-chat-mcp",
      generate_secret: false,
      allowed_oauth_flows: ["code"],
      allowed_oauth_scopes: ["openid"],
      callback_urls: ["https://chat-testing.thephenom.app/mcp/oauth/callback"],
    });
  });

  it("rotate the refresh tokens of the public client, which excludes a flow that this client alone goes without", () => {
    expect(client("mcp")).toMatchObject({
      refresh_token_rotation: [{ feature: "ENABLED", retry_grace_period_seconds: 60 }],
      explicit_auth_flows: ["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
    });
    for (const name of ["agent", "synapse_oidc"])
      expect(client(name)).not.toHaveProperty("refresh_token_rotation");
  });

  it("include one for the load balancer, with a secret and its callback", () => {
    expect(client("admin_ui")).toMatchObject({
      name: "phenom-dev-chat-admin-ui",
      generate_secret: true,
      callback_urls: ["https://chat-testing.thephenom.app/oauth2/idpresponse"],
    });
  });

  it("let the app's and the administrators' browser sign out, and return to their own address only", () => {
    for (const name of ["synapse_oidc", "mcp"])
      expect(client(name)).toMatchObject({ logout_urls: ["phenomapp://chat/signed-out"] });
    expect(client("admin_ui")).toMatchObject({
      logout_urls: ["https://chat-testing.thephenom.app/chat-admin/"],
    });
  });

  it("do not reveal whether a user exists, and allow tokens to be revoked", () => {
    for (const body of Object.values(template.resources("aws_cognito_user_pool_client")))
      expect(body).toMatchObject({ prevent_user_existence_errors: "ENABLED", enable_token_revocation: true });
  });

  it("store their credentials in one secret", () => {
    expect(template.resource("aws_secretsmanager_secret.chat_shared_clients")).toMatchObject({
      name: "phenom-dev-development-chat-clients",
    });
  });
});
