import { createServer } from "node:http";
import type { Outputs } from "../../tools/ops/outputs.ts";
import { listen } from "../../tools/servers/listening.ts";

/** Answers by path. */
export type Pages = Record<string, { status: number; body?: object; location?: string }>;

/** A fake of Synapse, Hasura and the load balancer behind the public name. */
export interface Site {
  readonly origin: string;
  /** The answers; every other path answers 503. */
  pages: Pages;
  stop(): void;
}

export async function startSite(): Promise<Site> {
  const site = { pages: {} as Pages };
  const server = createServer((request, response) => {
    const page = site.pages[(request.url ?? "").replace(/\?.*$/, "")] ?? { status: 503 };
    response.writeHead(page.status, page.location ? { location: page.location } : {});
    response.end(page.body ? JSON.stringify(page.body) : "");
  });
  const origin = `http://127.0.0.1:${await listen(server)}`;
  return Object.assign(site, { origin, stop: () => void server.close() });
}

export const COMMUNITY = "/_matrix/client/v3/directory/room/%23community%3Achat-testing.thephenom.app";
export const SSO = "/_matrix/client/v3/login/sso/redirect/oidc-cognito";

/** The answers of Synapse, Hasura and the load balancer when everything works. */
export function intactPages({ cognito_client_ids }: Pick<Outputs, "cognito_client_ids">): Pages {
  const host = "https://phenom-dev.auth.us-east-1.amazoncognito.com";
  return {
    "/_matrix/client/versions": { status: 200, body: { versions: ["v1.1", "v1.12"], unstable_features: {} } },
    "/_matrix/client/v3/login": {
      status: 200,
      body: {
        flows: [
          { type: "m.login.sso", identity_providers: [{ id: "oidc-cognito", name: "Phenom" }] },
          { type: "m.login.token" },
          { type: "m.login.password" },
        ],
      },
    },
    [SSO]: {
      status: 302,
      location: `${host}/oauth2/authorize?response_type=code&client_id=${cognito_client_ids.synapse}`,
    },
    [COMMUNITY]: { status: 200, body: { room_id: "!community:chat-testing.thephenom.app", servers: [] } },
    "/_synapse/admin/v1/server_version": { status: 401 },
    "/chat-admin/": { status: 302, location: `${host}/oauth2/authorize?client_id=${"admin"}` },
    "/api/graphql": {
      status: 200,
      body: { errors: [{ message: "x-hasura-admin-secret/x-hasura-access-key required" }] },
    },
  };
}
