import type { RequestId } from "@modelcontextprotocol/sdk/types.js";
import { ChatError } from "../chat/error.ts";
import { textOf } from "./call-tool.ts";

/**
 * Codes of JSON-RPC and of MCP, with the HTTP status that revision 2026-07-28 gives them; before, it is 200. `before` is the
 * code of the revisions before, if it differs.
 */
const kinds = {
  methodNotFound: { code: -32601, status: 404 },
  invalidParams: { code: -32602, status: 200 },
  invalidEnvelope: { code: -32602, status: 400 },
  resourceNotFound: { code: -32602, status: 200, before: -32002 },
  internal: { code: -32603, status: 200 },
  headerMismatch: { code: -32020, status: 400 },
  unsupportedVersion: { code: -32022, status: 400 },
} satisfies Record<string, { code: number; status: number; before?: number }>;

/** A JSON-RPC error. The SDK's `McpError` would put its code into the message, where clients put it once more. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly kind: keyof typeof kinds;
  readonly data: unknown;

  constructor(kind: keyof typeof kinds, message: string, data?: unknown) {
    super(message);
    this.kind = kind;
    this.data = data;
  }
}

/** The HTTP status and the body of an answer; a notification has no body. */
export interface Answered {
  readonly status: number;
  readonly body?: object;
}

/** The answer to a request that failed. What broke here is told to nobody. */
export function failure(id: RequestId, error: unknown, stateless: boolean): Answered {
  const known = error instanceof RpcError ? error : new RpcError("internal", tellable(error));
  const { kind, message, data } = known;
  const { code, status, before = code }: { code: number; status: number; before?: number } = kinds[kind];
  const told = { code: stateless ? code : before, message, ...(data !== undefined && { data }) };
  return { status: stateless ? status : 200, body: { jsonrpc: "2.0", id, error: told } };
}

const tellable = (error: unknown) =>
  error instanceof ChatError ? textOf(error) : "The server failed on this request.";
