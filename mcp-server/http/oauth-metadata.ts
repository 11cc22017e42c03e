/** Inputs of the metadata. */
export interface SignInPages {
  /** Origin of this server. */
  readonly publicUrl: URL;
  readonly region: string;
  readonly userPoolId: string;
  /** Hosted domain of the user pool: a prefix or a full host name. */
  readonly domain: string;
}

export const PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource";
const AUTHORIZATION_SERVER = "/.well-known/oauth-authorization-server";
const scopes = ["openid", "profile"];

export const resourceUrl = (publicUrl: URL): string => `${publicUrl.origin}/mcp`;
export const resourceMetadataUrl = (publicUrl: URL): string => `${publicUrl.origin}${PROTECTED_RESOURCE}/mcp`;
/** Scopes for interactive clients, as in the challenge and the metadata. */
export const scope = scopes.join(" ");

/** Documents by path: RFC 9728 for the resource, RFC 8414 for the authorisation server. */
export function oauthMetadata(pages: SignInPages): ReadonlyMap<string, unknown> {
  const resource = protectedResource(pages.publicUrl);
  return new Map<string, unknown>([
    [PROTECTED_RESOURCE, resource],
    [`${PROTECTED_RESOURCE}/mcp`, resource],
    [AUTHORIZATION_SERVER, authorizationServer(pages)],
  ]);
}

const protectedResource = (publicUrl: URL) => ({
  resource: resourceUrl(publicUrl),
  authorization_servers: [publicUrl.origin],
  bearer_methods_supported: ["header"],
  scopes_supported: scopes,
  resource_name: "Phenom Chat",
});

/**
 * Cognito's own document lacks `code_challenge_methods_supported`, and MCP clients must refuse an authorisation server
 * without it. So the issuer is this server, and the endpoints are Cognito's.
 */
function authorizationServer({ publicUrl, region, userPoolId, domain }: SignInPages) {
  const host = domain.includes(".") ? domain : `${domain}.auth.${region}.amazoncognito.com`;
  return {
    issuer: publicUrl.origin,
    authorization_endpoint: `https://${host}/oauth2/authorize`,
    token_endpoint: `https://${host}/oauth2/token`,
    revocation_endpoint: `https://${host}/oauth2/revoke`,
    jwks_uri: `https://cognito-idp.${region}.amazonaws.com/${userPoolId}/.well-known/jwks.json`,
    response_types_supported: ["code"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["none"],
    scopes_supported: scopes,
  };
}
