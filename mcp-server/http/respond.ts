import type { ServerResponse } from "node:http";
import { validJson } from "../valid-json.ts";

export type Headers = Readonly<Record<string, string>>;

export function sendJson(
  response: ServerResponse,
  status: number,
  content: unknown,
  headers: Headers = {},
): void {
  if (response.headersSent || response.destroyed) return;
  // As text Node.js writes it together with the headers.
  const body = validJson(content);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    ...headers,
  });
  response.end(body);
}

/** Answers a browser's question whether a web page may send a request (CORS preflight). */
export function answerPreflight(response: ServerResponse, method: "GET" | "POST"): void {
  response
    .writeHead(204, {
      "access-control-allow-methods": method,
      "access-control-allow-headers":
        "authorization, content-type, accept, mcp-protocol-version, mcp-session-id, mcp-method, mcp-name",
      "access-control-max-age": "600",
    })
    .end();
}

/** A refused request: an HTTP status with a JSON-RPC error as the body. */
export class HttpError extends Error {
  override readonly name: string = "HttpError";
  readonly status: number;
  readonly rpcCode: number;
  readonly headers: Headers;

  constructor(
    status: number,
    message: string,
    options: { rpcCode?: number; headers?: Headers; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.status = status;
    this.rpcCode = options.rpcCode ?? -32000;
    this.headers = options.headers ?? {};
  }

  send(response: ServerResponse): void {
    const error = { code: this.rpcCode, message: this.message };
    sendJson(response, this.status, { jsonrpc: "2.0", error, id: null }, this.headers);
  }
}
