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
  const body = Buffer.from(validJson(content));
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": body.length,
    "cache-control": "no-store",
    ...headers,
  });
  response.end(body);
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
