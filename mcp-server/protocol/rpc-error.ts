import type { RequestId } from "@modelcontextprotocol/sdk/types.js";
import { ChatError } from "../chat/error.ts";

/** Codes of JSON-RPC and of MCP. */
export const rpcCodes = {
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  resourceNotFound: -32002,
  headerMismatch: -32020,
  unsupportedVersion: -32022,
} as const;

/** A JSON-RPC error. The SDK's `McpError` would put its code into the message, where clients put it once more. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: number;
  readonly data: unknown;

  constructor(code: keyof typeof rpcCodes, message: string, data?: unknown) {
    super(message);
    this.code = rpcCodes[code];
    this.data = data;
  }
}

/** The answer to a request that failed. What broke here is told to nobody. */
export function failure(id: RequestId, error: unknown): { jsonrpc: "2.0"; id: RequestId; error: object } {
  const { code, message, data } = error instanceof RpcError ? error : new RpcError("internal", textOf(error));
  return { jsonrpc: "2.0", id, error: { code, message, ...(data !== undefined && { data }) } };
}

const textOf = (error: unknown) =>
  error instanceof ChatError ? `${error.code}: ${error.message}` : "The server failed on this request.";
