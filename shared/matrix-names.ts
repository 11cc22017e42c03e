/** Names that the homeserver, bootstrap, the MCP server and operations agree on. */

/** Id of the identity provider in addresses: `/_matrix/client/v3/login/sso/redirect/oidc-cognito`. */
export const IDENTITY_PROVIDER = "oidc-cognito";

/** Address to which the browser returns after the sign-in; the mobile app opens it. */
export const MOBILE_REDIRECT = "phenomapp://chat/sso-callback";

/** Address to which the browser returns after the sign-out; the mobile app opens it. */
export const MOBILE_SIGNED_OUT = "phenomapp://chat/signed-out";

/** Prefix of the Matrix names of our own accounts; nobody who signs in through Cognito gets such a name. */
export const RESERVED_PREFIX = "phenom-";

/** Id of the signing key with this version in the homeserver's secret. */
export const signingKeyId = (version: number) => `a_${version}`;

/** Local parts of the accounts that bootstrap creates. */
export const BOTS = { mcp: `${RESERVED_PREFIX}mcp`, admin: `${RESERVED_PREFIX}admin` } as const;

/** Matrix id of an account. */
export const userId = (localpart: string, serverName: string): string => `@${localpart}:${serverName}`;

/** Aliases of the three rooms; everyone joins the community room at sign-in. */
export const roomAliases = (serverName: string) => ({
  internal: `#internal:${serverName}`,
  partners: `#partners:${serverName}`,
  community: `#community:${serverName}`,
});
