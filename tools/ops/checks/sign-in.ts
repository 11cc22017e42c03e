import * as z from "zod";
import { IDENTITY_PROVIDER, MOBILE_REDIRECT } from "../../../shared/matrix-names.ts";
import type { Outputs } from "../outputs.ts";
import { authorizationServer } from "./authorization-server.ts";
import { type Check, type Finding, failed, finding, passed, request, type Subject } from "./check.ts";

const flows = z.object({
  flows: z.array(
    z.object({ type: z.string(), identity_providers: z.array(z.object({ id: z.string() })).optional() }),
  ),
});

const RULES = "Compare the load balancer's rules, then the service's log";

/** Synapse offers sign-in through Cognito, and MCP clients are told where to sign in. */
export const signIn: Check = {
  name: "sign-in",
  transient: true,
  async run(subject) {
    const { urls } = subject.outputs;
    const [metadata, ...others] = await Promise.all([
      authorizationServer(urls.mcp),
      ...(urls.homeserver ? [loginFlows(urls.homeserver), ssoRedirect(subject, urls.homeserver)] : []),
      challenge(urls),
    ]);
    return [...others, ...metadata];
  },
};

function loginFlows(url: string): Promise<Finding> {
  const address = `${url}/_matrix/client/v3/login`;
  return finding(address, RULES, async () => {
    const { json, status } = await request(address);
    const sso = flows.safeParse(json).data?.flows.find(({ type }) => type === "m.login.sso");
    if (sso?.identity_providers?.some(({ id }) => id === IDENTITY_PROVIDER))
      return passed(address, `m.login.sso with ${IDENTITY_PROVIDER}`);
    return failed(
      address,
      sso ? `m.login.sso without ${IDENTITY_PROVIDER}` : `HTTP ${status} without m.login.sso`,
      "Compare the secret <project>-synapse-homeserver-config with the output synapse_homeserver_yaml",
    );
  });
}

/** Synapse redirects to Cognito as its own client. Cognito's page is not opened. */
function ssoRedirect({ context, outputs }: Subject, url: string): Promise<Finding> {
  const { sign_in, cognito_client_ids } = outputs;
  const host = `${sign_in.domain}.auth.${context.environment.region}.amazoncognito.com`;
  const query = new URLSearchParams({ redirectUrl: MOBILE_REDIRECT });
  const address = `${url}/_matrix/client/v3/login/sso/redirect/${IDENTITY_PROVIDER}?${query}`;
  const what = "sign-in through Cognito";
  const remedy =
    "Synapse must reach Cognito, and its client needs the callback of this server name: see Synapse's log";
  return finding(what, remedy, async () => {
    const { status, headers } = await request(address);
    const location = headers.get("location") ?? "";
    const page = URL.canParse(location) ? new URL(location) : undefined;
    if (status !== 302 || page?.host !== host)
      return failed(what, `HTTP ${status} ${location}, expected a redirect to ${host}`, remedy);
    const client = page.searchParams.get("client_id");
    if (client !== cognito_client_ids.synapse)
      return failed(
        what,
        `Synapse redirects as client ${client}, not ${cognito_client_ids.synapse}`,
        "Apply again",
      );
    return passed(what, `redirect to ${host} as client ${client}`);
  });
}

function challenge({ mcp }: Outputs["urls"]): Promise<Finding> {
  const what = `${mcp} without a token`;
  return finding(what, RULES, async () => {
    const { status, headers } = await request(mcp, {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
    });
    const header = headers.get("www-authenticate") ?? "";
    return status === 401 && header.includes("resource_metadata=")
      ? passed(what, "401, and where to sign in")
      : failed(what, `HTTP ${status}${header ? `, ${header}` : " without www-authenticate"}`, RULES);
  });
}
