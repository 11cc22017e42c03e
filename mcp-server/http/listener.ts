import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { describeError } from "../../shared/describe-error.ts";
import { version } from "../../shared/version.ts";
import type { Health } from "../health.ts";
import { limits } from "../limits.ts";
import type { Log } from "../log.ts";
import { handleOAuth, type OAuthEndpoints, oauthEndpoint } from "../oauth/endpoints.ts";
import { handleMcp, type McpEndpoint } from "./mcp-endpoint.ts";
import { answerPreflight, HttpError, sendJson } from "./respond.ts";

export interface Routes {
  readonly mcp: McpEndpoint;
  readonly health: Health;
  /** OAuth metadata by path; empty without a user pool. */
  readonly metadata: ReadonlyMap<string, unknown>;
  /** The sign-in of people; `undefined` without a user pool. */
  readonly oauth: OAuthEndpoints | undefined;
  readonly log: Log;
}

/** The HTTP server, not yet listening. `routes` is called for each request, when the port is known. */
export function createListener(routes: () => Routes): Server {
  return createServer(
    {
      requestTimeout: limits.requestMs,
      headersTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      // How often the two timeouts above are checked.
      connectionsCheckingInterval: 1000,
    },
    (request, response) => void handle(routes(), request, response),
  );
}

async function handle(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const id = requestId(request.headers["x-amzn-trace-id"]);
  response.setHeader("x-request-id", id);
  try {
    await route(routes, id, request, response);
  } catch (error) {
    const refusal =
      error instanceof HttpError
        ? error
        : new HttpError(500, "The server failed on this request.", { cause: error });
    const { status, message } = refusal;
    routes.log[status >= 500 ? "error" : "warn"]("refused", {
      request: id,
      method: request.method,
      path: pathOf(request),
      status,
      reason: message,
      ...(refusal.cause === undefined ? {} : { error: describeError(refusal.cause) }),
    });
    refusal.send(response);
  }
}

async function route(routes: Routes, id: string, request: IncomingMessage, response: ServerResponse) {
  const path = pathOf(request);
  if (path === "/mcp" || path === "/mcp/") return handleMcp(routes.mcp, id, request, response);
  const endpoint = routes.oauth && oauthEndpoint(path);
  if (endpoint && routes.oauth) return handleOAuth(routes.oauth, endpoint, request, response);
  const document = routes.metadata.get(path);
  const known = document !== undefined || path in pages;
  if (!known) throw new HttpError(404, `There is nothing at ${path.slice(0, 200)}; MCP is at /mcp.`);
  // Every web page may read the documents; some clients send headers of MCP with the request.
  if (document !== undefined) response.setHeader("access-control-allow-origin", "*");
  if (document !== undefined && request.method === "OPTIONS") return answerPreflight(response, "GET");
  if (request.method !== "GET" && request.method !== "HEAD")
    throw new HttpError(405, "Send GET.", { headers: { allow: "GET, HEAD" } });
  if (document !== undefined) return sendJson(response, 200, document);
  return pages[path]?.(routes, response);
}

/** The load balancer's health check sends an address as Host, so these pages do not check it. */
const pages: Record<string, (routes: Routes, response: ServerResponse) => void | Promise<void>> = {
  "/health": liveness,
  "/mcp/health": liveness,
  "/ready": readiness,
  "/mcp/ready": readiness,
  "/mcp/version": ({ mcp }, response) =>
    sendJson(response, 200, { name: "phenom-chat", version, backend: mcp.service.backend.name }),
};

function liveness({ health }: Routes, response: ServerResponse): void {
  const state = health.liveness();
  sendJson(response, state.status === "starting" ? NOT_READY : 200, state);
}

async function readiness({ health }: Routes, response: ServerResponse): Promise<void> {
  const state = await health.readiness();
  sendJson(response, state.ready ? 200 : NOT_READY, state);
}

/** Not 503, for which Cloudflare would mark the whole origin as down. */
const NOT_READY = 500;

const pathOf = (request: IncomingMessage) => (request.url ?? "/").split("?", 1)[0] ?? "/";

/** The load balancer's trace id, if there is one, so that its logs and these can be joined. */
function requestId(trace: string | string[] | undefined): string {
  return typeof trace === "string" && /^[\w=;:.-]{1,120}$/.test(trace) ? trace : randomUUID();
}
