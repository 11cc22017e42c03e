import { createServer } from "node:http";
import { close, listen } from "../../tools/servers/listening.ts";

/** Answers of Docker Hub and of Cloudflare, which moto does not have; a test changes them. */
export interface WebServices {
  /** Tags by repository. */
  tags: Record<string, readonly string[]>;
  /** Architectures that every image is built for. */
  architectures: readonly string[];
  /** Password that Docker Hub takes. */
  dockerHubPassword: string;
  zone: { name: string; status: string; permissions?: readonly string[] };
  records: readonly { id?: string; type: string; content: string; proxied: boolean }[];
  /** Puts the answers back to those of a working account. */
  reset(): void;
  stop(): Promise<void>;
}

const CLOUDFLARE_TOKEN = "a-cloudflare-token";

const intact = (): Omit<WebServices, "reset" | "stop"> => ({
  tags: {
    "applepublicdotcom/phenom-synapse": ["testing"],
    "applepublicdotcom/phenom-chat-mcp": ["testing"],
    "awesometechnologies/synapse-admin": ["latest"],
    "library/postgres": ["16-alpine"],
    "curlimages/curl": ["8.17.0"],
  },
  architectures: ["arm64", "amd64"],
  dockerHubPassword: "a-docker-hub-token",
  zone: { name: "thephenom.app", status: "active", permissions: ["#dns_records:edit", "#zone:read"] },
  records: [],
});

/**
 * Serves the one request that each takes of the three APIs: a token and a manifest of Docker Hub, as its registry
 * documents them, and a zone and its records of Cloudflare. Sets the variables that lead the checks here.
 */
export async function startWebServices(): Promise<WebServices> {
  const state = intact();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    const send = (status: number, body: unknown) => {
      // A connection that is kept could end just when the next request uses it: both sides are in this process.
      response.writeHead(status, { "content-type": "application/json", connection: "close" });
      response.end(JSON.stringify(body));
    };
    const { authorization = "" } = request.headers;
    if (pathname === "/token") {
      const [, repository = ""] = /repository:([^:]+):pull/.exec(searchParams.get("scope") ?? "") ?? [];
      const [, given = ""] = /^Basic (.+)$/.exec(authorization) ?? [];
      const [, password] = Buffer.from(given, "base64").toString().split(":");
      if (given && password !== state.dockerHubPassword)
        return send(401, { details: "incorrect username or password" });
      return send(200, { token: `${given ? "private" : "public"} ${repository}` });
    }
    const manifest = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(pathname);
    if (manifest) {
      const [, repository = "", tag = ""] = manifest;
      const isPrivate = repository.startsWith("applepublicdotcom/");
      const granted = isPrivate ? ["private"] : ["private", "public"];
      if (!granted.some((token) => authorization === `Bearer ${token} ${repository}`))
        return send(401, { errors: [{ code: "UNAUTHORIZED" }] });
      if (!state.tags[repository]?.includes(tag))
        return send(404, { errors: [{ code: "MANIFEST_UNKNOWN" }] });
      return send(200, {
        manifests: state.architectures.map((architecture) => ({ platform: { os: "linux", architecture } })),
      });
    }
    if (authorization !== `Bearer ${CLOUDFLARE_TOKEN}`)
      return send(403, {
        success: false,
        errors: [{ code: 9109, message: "Invalid access token" }],
        result: null,
      });
    return send(200, {
      success: true,
      errors: [],
      result: pathname.endsWith("/dns_records") ? state.records : state.zone,
    });
  });
  const origin = `http://127.0.0.1:${await listen(server)}`;
  Object.assign(process.env, {
    DOCKER_HUB_AUTH_URL: origin,
    DOCKER_HUB_REGISTRY_URL: origin,
    CLOUDFLARE_API_BASE_URL: `${origin}/client/v4`,
    CLOUDFLARE_API_TOKEN: CLOUDFLARE_TOKEN,
  });
  return Object.assign(state, {
    reset: () => void Object.assign(state, intact()),
    stop: () => close(server),
  });
}
