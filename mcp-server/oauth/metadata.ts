import { MCP_CALLBACK } from "../../shared/mcp-paths.ts";

export const PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource";
const AUTHORIZATION_SERVER = "/.well-known/oauth-authorization-server";

/** Paths of the sign-in, below the server's origin. */
export const paths = {
  authorize: "/mcp/oauth/authorize",
  callback: MCP_CALLBACK,
  token: "/mcp/oauth/token",
  register: "/mcp/oauth/register",
  revoke: "/mcp/oauth/revoke",
} as const;

/**
 * The only scope. Which tools it opens is decided by the account's groups. It is not `openid`, because clients get no ID
 * token: Cognito's would name Cognito as its issuer, and strict clients refuse one of another issuer than the metadata's.
 */
export const SCOPE = "chat";

export const resourceUrl = (publicUrl: URL): string => `${publicUrl.origin}/mcp`;
export const resourceMetadataUrl = (publicUrl: URL): string => `${publicUrl.origin}${PROTECTED_RESOURCE}/mcp`;

/** Documents by path: RFC 9728 for the resource, RFC 8414 for the authorisation server. */
export function oauthMetadata(publicUrl: URL): ReadonlyMap<string, unknown> {
  const resource = protectedResource(publicUrl);
  return new Map<string, unknown>([
    [PROTECTED_RESOURCE, resource],
    [`${PROTECTED_RESOURCE}/mcp`, resource],
    [AUTHORIZATION_SERVER, authorizationServer(publicUrl)],
  ]);
}

const protectedResource = (publicUrl: URL) => ({
  resource: resourceUrl(publicUrl),
  authorization_servers: [publicUrl.origin],
  bearer_methods_supported: ["header"],
  scopes_supported: [SCOPE],
  resource_name: "Phenom Chat",
});

const authorizationServer = ({ origin }: URL) => ({
  issuer: origin,
  authorization_endpoint: origin + paths.authorize,
  token_endpoint: origin + paths.token,
  registration_endpoint: origin + paths.register,
  revocation_endpoint: origin + paths.revoke,
  response_types_supported: ["code"],
  response_modes_supported: ["query"],
  grant_types_supported: ["authorization_code", "refresh_token"],
  code_challenge_methods_supported: ["S256"],
  token_endpoint_auth_methods_supported: ["none"],
  revocation_endpoint_auth_methods_supported: ["none"],
  scopes_supported: [SCOPE],
  authorization_response_iss_parameter_supported: true,
  client_id_metadata_document_supported: true,
});
