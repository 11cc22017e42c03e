import {
  CognitoUserPoolClient,
  type CognitoUserPoolClientConfig,
} from "@cdktf/provider-aws/lib/cognito-user-pool-client";
import { SecretsmanagerSecretVersion } from "@cdktf/provider-aws/lib/secretsmanager-secret-version";
import { Fn, Token } from "cdktf";
import { Construct } from "constructs";
import { type Deployment, stateful } from "../../constructs/deployment.ts";
import { jsonencode } from "../../constructs/encode.ts";
import { Secret, type SecretValue, secretValue } from "../../constructs/generated-secret.ts";
import { checkedName } from "../../constructs/names.ts";
import { MOBILE_SIGNED_OUT } from "../../shared/matrix-names.ts";
import { MCP_CALLBACK } from "../../shared/mcp-paths.ts";

export interface ChatSharedProps {
  /** The environment, and the tags of the module's resources. */
  readonly deployment: Deployment;
  /** Cognito user pool that the clients belong to. */
  readonly userPoolId: string;
  /** Host name of everything that the chat serves. */
  readonly serverName: string;
  /** Whether Synapse runs and signs people in through Cognito. */
  readonly synapse: boolean;
  /** Whether the load balancer signs people in on the admin paths. */
  readonly adminSignIn: boolean;
  /** Identity providers of the user pool that people sign in with; `COGNITO` is the pool's own. */
  readonly identityProviders: string[];
  /**
   * User pool and domain, to be stored with the clients for an MCP server that is not told them.
   * @default - the MCP server is told them
   */
  readonly signInSettings?: { readonly userPoolId: string; readonly domain: string };
}

/** Hexadecimal digits of a hash that fit into Terraform's version of a write-only value. */
const HASH_DIGITS = 7;

/** Lifetimes: access and ID tokens in minutes, refresh tokens in days. */
const tokenValidity = {
  accessTokenValidity: 60,
  idTokenValidity: 60,
  tokenValidityUnits: [{ accessToken: "minutes", idToken: "minutes", refreshToken: "days" }],
};

/** The Cognito clients of the chat, and the secret that holds their credentials. */
export class ChatShared extends Construct {
  /** Client id of Synapse. `undefined` if Synapse does not run. */
  readonly synapseClientId: string | undefined;
  /** Client secret of Synapse. `undefined` if Synapse does not run. */
  readonly synapseClientSecret: SecretValue | undefined;
  /** Client that agents and the MCP server itself sign in with. */
  readonly agentClientId: string;
  /** Secret of that client. */
  readonly agentClientSecret: SecretValue;
  /** Public client through which the MCP server signs people in. */
  readonly mcpClientId: string;
  /** Client of the load balancer for the admin paths. `undefined` if nobody signs in there. */
  readonly adminClientId: string | undefined;
  /** Secret that holds the clients' ids and secrets. */
  readonly clientsSecretArn: string;

  constructor(scope: Construct, id: string, props: ChatSharedProps) {
    super(scope, id);
    const { deployment, userPoolId, serverName } = props;
    const { project, environment } = deployment;

    const client = (
      id: string,
      name: string,
      config: Omit<CognitoUserPoolClientConfig, "name" | "userPoolId">,
    ) =>
      new CognitoUserPoolClient(this, id, {
        name: checkedName(this, "Cognito client", name),
        userPoolId,
        preventUserExistenceErrors: "ENABLED",
        enableTokenRevocation: true,
        ...tokenValidity,
        ...stateful(deployment),
        ...config,
      });

    /** Authorisation code flow with the hosted pages. */
    const codeFlow = (callbackUrl: string, logoutUrl: string, scopes: readonly string[]) => ({
      allowedOauthFlowsUserPoolClient: true,
      allowedOauthFlows: ["code"],
      allowedOauthScopes: [...scopes],
      callbackUrls: [callbackUrl],
      logoutUrls: [logoutUrl],
      supportedIdentityProviders: props.identityProviders,
      // Not empty, because Cognito's default also allows SRP and custom flows.
      explicitAuthFlows: ["ALLOW_REFRESH_TOKEN_AUTH"],
    });

    const synapse = props.synapse
      ? client("synapse-oidc", `${project}-synapse-oidc`, {
          generateSecret: true,
          refreshTokenValidity: 1,
          ...codeFlow(`https://${serverName}/_synapse/client/oidc/callback`, MOBILE_SIGNED_OUT, [
            "openid",
            "email",
            "profile",
          ]),
        })
      : undefined;

    const agent = client("agent", `${project}-chat-agent`, {
      generateSecret: true,
      refreshTokenValidity: 30,
      explicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    });

    const mcp = client("mcp", `${project}-chat-mcp`, {
      generateSecret: false,
      refreshTokenValidity: 30,
      // Where Synapse does not run, the app signs out with this client.
      ...codeFlow(`https://${serverName}${MCP_CALLBACK}`, MOBILE_SIGNED_OUT, ["openid"]),
      // OAuth 2.1 asks it for public clients. Within a minute the former token still works, for a client that tries again.
      refreshTokenRotation: [{ feature: "ENABLED", retryGracePeriodSeconds: 60 }],
      // Rotation excludes ALLOW_REFRESH_TOKEN_AUTH; the token endpoint, which the server uses, needs no flow of this list.
      // It can't be empty, and this flow is open only to AWS credentials with a right that no role of ours has.
      explicitAuthFlows: ["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
    });

    const admin = props.adminSignIn
      ? client("admin-ui", `${project}-chat-admin-ui`, {
          generateSecret: true,
          refreshTokenValidity: 1,
          ...codeFlow(`https://${serverName}/oauth2/idpresponse`, `https://${serverName}/chat-admin/`, [
            "openid",
          ]),
        })
      : undefined;

    const secret = new Secret(this, "clients", {
      deployment,
      name: `${project}-${environment}-chat-clients`,
      description: "Client ids and secrets of the chat's Cognito clients, for Synapse and the MCP server",
    });
    // Cognito returns a client's secret as an attribute, so it is in the Terraform state in any case. It is write-only here,
    // so that a plan need not be able to read it.
    const ids = [agent.id, ...(synapse ? [synapse.id] : [])];
    const settings = props.signInSettings && {
      cognito_user_pool_id: props.signInSettings.userPoolId,
      cognito_domain: props.signInSettings.domain,
      mcp_client_ids: Fn.join(",", [agent.id, mcp.id]),
      mcp_sign_in_client_id: mcp.id,
    };
    const written = [...ids, ...Object.values(settings ?? {})];
    const writtenBy = new SecretsmanagerSecretVersion(this, "clients-version", {
      secretId: secret.id,
      // A client's secret changes only with its id.
      secretStringWoVersion: Token.asNumber(
        Fn.parseint(Fn.substr(Fn.sha256(Fn.join(",", written)), 0, HASH_DIGITS), 16),
      ),
      secretStringWo: jsonencode({
        agent_client_id: agent.id,
        agent_client_secret: agent.clientSecret,
        ...(synapse && {
          synapse_oidc_client_id: synapse.id,
          synapse_oidc_client_secret: synapse.clientSecret,
        }),
        ...settings,
      }),
      lifecycle: { createBeforeDestroy: true },
    });
    // Not pinned to a version: a client's secret never changes, and a new client must not replace the other's task.
    const read = (key: string) => ({ ...secretValue(secret.arn, { key }), writtenBy });

    this.synapseClientId = synapse?.id;
    this.synapseClientSecret = synapse && read("synapse_oidc_client_secret");
    this.agentClientId = agent.id;
    this.agentClientSecret = read("agent_client_secret");
    this.mcpClientId = mcp.id;
    this.adminClientId = admin?.id;
    this.clientsSecretArn = secret.arn;
  }
}
