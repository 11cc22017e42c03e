import type { IncomingMessage, ServerResponse } from "node:http";
import { isJsonContentType } from "@modelcontextprotocol/sdk/shared/mediaType.js";
import { SUPPORTED_PROTOCOL_VERSIONS } from "@modelcontextprotocol/sdk/types.js";
import type { Authenticate } from "../auth/authenticate.ts";
import { errors } from "../chat/error.ts";
import { limits } from "../limits.ts";
import type { ChatService } from "../protocol/call-tool.ts";
import { answer } from "../protocol/request-server.ts";
import { serialise, serialiseBatch } from "../protocol/serialise.ts";
import { readBody } from "./body.ts";
import { parseMessages } from "./messages.ts";
import { checkOrigin } from "./origin.ts";
import type { RateLimit } from "./rate-limit.ts";
import { HttpError, sendPieces } from "./respond.ts";

export interface McpEndpoint {
  readonly service: ChatService;
  readonly authenticate: Authenticate;
  readonly rateLimit: RateLimit;
  /** Known once the server listens. */
  readonly publicUrl: URL;
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
  if (request.method !== "POST")
    throw new HttpError(405, "This server keeps no sessions and opens no streams: send POST.", {
      headers: { allow: "POST" },
    });
  checkOrigin(request.headers, endpoint.publicUrl);
  const caller = await endpoint.authenticate(request.headers.authorization);
  consume(endpoint.rateLimit, caller.id, 1);
  checkHeaders(request);

  const { messages, batch } = parseMessages(await readBody(request, limits.bodyBytes));
  if (messages.length > 1) consume(endpoint.rateLimit, caller.id, messages.length - 1);

  const gone = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) gone.abort(errors.cancelled());
  });
  const answers = await answer(endpoint.service, { id: requestId, caller, signal: gone.signal }, messages);
  if (gone.signal.aborted) return;
  if (answers.length === 0) response.writeHead(202, { "content-length": 0 }).end();
  else sendPieces(response, 200, batch ? serialiseBatch(answers) : answers.flatMap(serialise));
}

function consume(rateLimit: RateLimit, caller: string, count: number): void {
  const wait = rateLimit.consume(caller, count);
  if (wait === undefined) return;
  const seconds = Math.max(1, Math.ceil(wait / 1000));
  throw new HttpError(429, `You sent too many requests. Try again in ${seconds} s.`, {
    headers: { "retry-after": String(seconds) },
  });
}

function checkHeaders({ headers }: IncomingMessage): void {
  if (!isJsonContentType(headers["content-type"] ?? ""))
    throw new HttpError(415, "Content-Type must be application/json.");
  if (!/application\/json|application\/\*|\*\/\*/.test(headers.accept ?? "*/*"))
    throw new HttpError(406, "Accept must allow application/json: this server answers with nothing else.");
  const version = headers["mcp-protocol-version"];
  if (version !== undefined && !SUPPORTED_PROTOCOL_VERSIONS.includes(String(version)))
    throw new HttpError(
      400,
      `MCP-Protocol-Version ${JSON.stringify(version)} is not known here. Known: ${SUPPORTED_PROTOCOL_VERSIONS.join(", ")}.`,
    );
}
