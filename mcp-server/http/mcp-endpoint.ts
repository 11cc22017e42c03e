import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { isJsonContentType } from "@modelcontextprotocol/sdk/shared/mediaType.js";
import type { Authenticate } from "../auth/authenticate.ts";
import { errors } from "../chat/error.ts";
import { limits } from "../limits.ts";
import { answer } from "../protocol/answer.ts";
import type { ChatService, RequestContext } from "../protocol/call-tool.ts";
import { wrongVersion } from "../protocol/revisions.ts";
import type { RateLimit } from "../rate-limit.ts";
import type { Turns } from "../turns.ts";
import { readBody } from "./body.ts";
import { type Messages, parseMessages } from "./messages.ts";
import { checkOrigin } from "./origin.ts";
import { answerPreflight, HttpError, sendJson } from "./respond.ts";

export interface McpEndpoint {
  readonly service: ChatService;
  readonly authenticate: Authenticate;
  readonly rateLimit: RateLimit;
  readonly turns: Turns;
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
  id: string,
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

  const received = parseMessages(await readBody(request, limits.bodyBytes), request.headers);

  const { service, rateLimit, turns } = endpoint;
  const ending = new AbortController();
  const late = setTimeout(() => ending.abort(errors.timeout(service.backend.name)), limits.callMs);
  response.on("close", () => {
    clearTimeout(late);
    if (!response.writableFinished) ending.abort(errors.cancelled());
  });
  const context = { id, caller, signal: ending.signal, admit: () => rateLimit.consume(caller.session) };
  await turns.run(ending.signal, () => respond(service, context, received, request.headers, response));
}

/** Answers each message, and sends the answers in one response. */
async function respond(
  service: ChatService,
  context: RequestContext,
  { messages, batch }: Messages,
  headers: IncomingHttpHeaders,
  response: ServerResponse,
): Promise<void> {
  const answers = await Promise.all(messages.map((message) => answer(service, context, message, headers)));
  if (response.destroyed) return;
  const bodies = answers.flatMap(({ body }) => body ?? []);
  if (bodies.length === 0) response.writeHead(202, { "content-length": 0 }).end();
  else if (batch) sendJson(response, 200, bodies);
  else sendJson(response, answers[0]?.status ?? 200, bodies[0]);
}

function checkHeaders({ headers }: IncomingMessage): void {
  if (!isJsonContentType(headers["content-type"] ?? ""))
    throw new HttpError(415, "Content-Type must be application/json.");
  if (!/application\/json|application\/\*|\*\/\*/i.test(headers.accept ?? "*/*"))
    throw new HttpError(406, "Accept must allow application/json: this server answers with nothing else.");
  const wrong = wrongVersion(headers["mcp-protocol-version"]);
  if (wrong !== undefined) throw new HttpError(400, wrong);
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
  answerPreflight(response, "POST");
  return true;
}
