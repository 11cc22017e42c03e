import type { IncomingMessage, ServerResponse } from "node:http";
import { isJsonContentType } from "@modelcontextprotocol/sdk/shared/mediaType.js";
import type { Authenticate } from "../auth/authenticate.ts";
import { errors } from "../chat/error.ts";
import { limits } from "../limits.ts";
import type { ChatService } from "../protocol/call-tool.ts";
import { answer, handshakeVersions } from "../protocol/handshake.ts";
import { answerStateless, claimsStateless, isStateless, STATELESS_VERSION } from "../protocol/stateless.ts";
import { readBody } from "./body.ts";
import { parseMessages } from "./messages.ts";
import { checkOrigin } from "./origin.ts";
import type { RateLimit } from "./rate-limit.ts";
import { HttpError, sendJson } from "./respond.ts";

export interface McpEndpoint {
  readonly service: ChatService;
  readonly authenticate: Authenticate;
  readonly rateLimit: RateLimit;
  /** Known once the server listens. */
  readonly publicUrl: URL;
  /** Origins of web pages that may call the server. */
  readonly corsOrigins: readonly string[];
}

/**
 * Handles one streamable HTTP request, with a JSON answer and without a session.
 * @throws HttpError for a request that is refused
 */
export async function handleMcp(
  endpoint: McpEndpoint,
  requestId: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (allowPage(endpoint.corsOrigins, request, response)) return;
  if (request.method !== "POST")
    throw new HttpError(405, "This server keeps no sessions and opens no streams: send POST.", {
      headers: { allow: "POST" },
    });
  checkOrigin(request.headers, endpoint.publicUrl, endpoint.corsOrigins);
  const caller = await endpoint.authenticate(request.headers.authorization);
  checkHeaders(request);

  const { messages, batch } = parseMessages(await readBody(request, limits.bodyBytes));

  const gone = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) gone.abort(errors.cancelled());
  });
  const [first] = messages;
  const admit = () => endpoint.rateLimit.consume(caller.session);
  const context = { id: requestId, caller, signal: gone.signal, admit };
  if (first && !batch && claimsStateless(first, request.headers)) {
    const { status, body } = await answerStateless(endpoint.service, context, first, request.headers);
    if (gone.signal.aborted) return;
    return body === undefined ? accepted(response) : sendJson(response, status, body);
  }
  const answers = await answer(endpoint.service, context, messages);
  if (gone.signal.aborted) return;
  if (answers.length === 0) accepted(response);
  else sendJson(response, 200, batch ? answers : answers[0]);
}

const accepted = (response: ServerResponse) => void response.writeHead(202, { "content-length": 0 }).end();

function checkHeaders({ headers }: IncomingMessage): void {
  if (!isJsonContentType(headers["content-type"] ?? ""))
    throw new HttpError(415, "Content-Type must be application/json.");
  if (!/application\/json|application\/\*|\*\/\*/i.test(headers.accept ?? "*/*"))
    throw new HttpError(406, "Accept must allow application/json: this server answers with nothing else.");
  const version = headers["mcp-protocol-version"];
  // Of a version without a handshake, the answer is in the body.
  if (version === undefined || isStateless(version)) return;
  if (!handshakeVersions.includes(String(version)))
    throw new HttpError(
      400,
      `MCP-Protocol-Version ${JSON.stringify(version)} is not known here. Known: ${[STATELESS_VERSION, ...handshakeVersions].join(", ")}.`,
    );
}

/**
 * Lets a web page of an allowed origin read the answer.
 * @returns whether the request was the browser's question (preflight), which is then answered
 */
function allowPage(origins: readonly string[], request: IncomingMessage, response: ServerResponse): boolean {
  const { origin } = request.headers;
  if (origins.length > 0) response.setHeader("vary", "origin");
  if (origin === undefined || !origins.includes(origin)) return false;
  response.setHeader("access-control-allow-origin", origin);
  response.setHeader("access-control-expose-headers", "www-authenticate, retry-after, x-request-id");
  if (request.method !== "OPTIONS") return false;
  response
    .writeHead(204, {
      "access-control-allow-methods": "POST",
      "access-control-allow-headers":
        "authorization, content-type, accept, mcp-protocol-version, mcp-session-id, mcp-method, mcp-name",
      "access-control-max-age": "600",
    })
    .end();
  return true;
}
