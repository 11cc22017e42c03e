import * as z from "zod";
import { type Finding, failed, finding, passed, request } from "./check.ts";

const resourceSchema = z.object({ resource: z.string(), authorization_servers: z.array(z.string()).min(1) });
const serverSchema = z.object({
  issuer: z.string(),
  authorization_endpoint: z.string(),
  token_endpoint: z.string(),
  registration_endpoint: z.string(),
  revocation_endpoint: z.string(),
  code_challenge_methods_supported: z.array(z.string()),
});
const clientSchema = z.object({ client_id: z.string().min(1) });

const RULES = "Compare the load balancer's rules, then the log of mcp";
const PUBLIC_URL = "Compare PUBLIC_URL of the MCP server with the name under which people reach it";

/** What a client that knows only the MCP server's address reads, in its order. */
export function authorizationServer(mcp: string): Promise<Finding[]> {
  const { origin } = new URL(mcp);
  return Promise.all([resource(mcp, origin), server(origin), registration(origin)]);
}

/** The resource's document names the server itself as the authorisation server (RFC 9728). */
function resource(mcp: string, origin: string): Promise<Finding> {
  const address = `${origin}/.well-known/oauth-protected-resource/mcp`;
  return finding(address, RULES, async () => {
    const { status, json } = await request(address);
    const document = resourceSchema.safeParse(json).data;
    if (status !== 200 || !document) return failed(address, `HTTP ${status}, no metadata`, RULES);
    const { resource, authorization_servers: servers } = document;
    if (resource !== mcp) return failed(address, `resource is ${resource}, expected ${mcp}`, PUBLIC_URL);
    return servers.includes(origin)
      ? passed(address, `sign in at ${servers.join(" ")}`)
      : failed(address, `authorization_servers are ${servers.join(" ")}, without ${origin}`, PUBLIC_URL);
  });
}

/** The authorisation server's document (RFC 8414); a client refuses it whole if the issuer is another address. */
function server(origin: string): Promise<Finding> {
  const address = `${origin}/.well-known/oauth-authorization-server`;
  return finding(address, RULES, async () => {
    const { status, json } = await request(address);
    const document = serverSchema.safeParse(json).data;
    if (status !== 200 || !document) return failed(address, `HTTP ${status}, no metadata`, RULES);
    const { issuer, code_challenge_methods_supported: methods, ...endpoints } = document;
    const elsewhere = Object.entries(endpoints).filter(([, url]) => !url.startsWith(`${origin}/`));
    const wrong = [
      ...(issuer === origin ? [] : [`issuer is ${issuer}, expected ${origin}`]),
      ...elsewhere.map(([name, url]) => `${name} is ${url}, outside of ${origin}`),
      ...(methods.includes("S256") ? [] : ["PKCE without S256"]),
    ];
    return wrong.length
      ? failed(address, wrong.join("; "), PUBLIC_URL)
      : passed(address, `issuer ${issuer}, PKCE with S256`);
  });
}

/** Registers a client, which leaves nothing behind: the client id is the sealed registration. */
function registration(origin: string): Promise<Finding> {
  const address = `${origin}/mcp/oauth/register`;
  return finding(address, RULES, async () => {
    const { status, json, text } = await request(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ client_name: "verify", redirect_uris: ["http://127.0.0.1/callback"] }),
    });
    return status === 201 && clientSchema.safeParse(json).success
      ? passed(address, "registers a client with a loopback address")
      : failed(address, `HTTP ${status}: ${text.slice(0, 120).replaceAll(/\s+/g, " ")}`, RULES);
  });
}
