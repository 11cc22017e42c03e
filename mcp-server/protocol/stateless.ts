import type { IncomingHttpHeaders } from "node:http";
import type { JSONRPCMessage, JSONRPCRequest } from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod";
import type { ChatService, RequestContext } from "./call-tool.ts";
import { capabilities, dispatch, implementation } from "./dispatch.ts";
import { instructions } from "./instructions.ts";
import { failure, RpcError, rpcCodes } from "./rpc-error.ts";

/** The revision without a handshake: each request names it, and the client's capabilities. */
export const STATELESS_VERSION = "2026-07-28";

const VERSION_KEY = "io.modelcontextprotocol/protocolVersion";

const envelopeSchema = z.object({
  [VERSION_KEY]: z.string(),
  "io.modelcontextprotocol/clientCapabilities": z.record(z.string(), z.unknown()),
  "io.modelcontextprotocol/clientInfo": z.object({ name: z.string(), version: z.string() }).optional(),
});
const paramsSchema = z.object({
  _meta: z.record(z.string(), z.unknown()).optional(),
  name: z.unknown().optional(),
  uri: z.unknown().optional(),
});

/** Methods whose `Mcp-Name` header repeats a parameter. */
const namedBy: Readonly<Record<string, "name" | "uri">> = {
  "tools/call": "name",
  "prompts/get": "name",
  "resources/read": "uri",
};

/** Results that clients may keep. What they list depends on the caller's group, so only for that caller. */
const keptMs: Readonly<Record<string, number>> = {
  "server/discover": 60_000,
  "tools/list": 60_000,
  "prompts/list": 60_000,
  "resources/list": 0,
  "resources/templates/list": 60_000,
  "resources/read": 0,
};

/** Whether a version is one without a handshake: this one, or a later one that is not known here. */
export const isStateless = (version: unknown): boolean =>
  typeof version === "string" && /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= STATELESS_VERSION;

/** Whether a message belongs to such a revision: by its own statement, or by the header. */
export function claimsStateless(message: JSONRPCMessage, headers: IncomingHttpHeaders): boolean {
  if (!("method" in message)) return false;
  return claimOf(message) !== undefined || isStateless(headers["mcp-protocol-version"]);
}

export const claimOf = (message: JSONRPCMessage): unknown =>
  "method" in message ? paramsOf(message.params)?._meta?.[VERSION_KEY] : undefined;

const paramsOf = (params: unknown) => paramsSchema.safeParse(params ?? {}).data;

interface Answered {
  readonly status: number;
  /** `undefined` for a notification. */
  readonly body: object | undefined;
}

/** Answers one message. */
export async function answerStateless(
  service: ChatService,
  request: RequestContext,
  message: JSONRPCMessage,
  headers: IncomingHttpHeaders,
): Promise<Answered> {
  if (!("method" in message && "id" in message)) return { status: 202, body: undefined };
  const { id, method } = message;
  try {
    checkEnvelope(message, headers);
    checkHeaders(message, headers);
  } catch (error) {
    return { status: 400, body: failure(id, error) };
  }
  try {
    const result =
      method === "server/discover"
        ? {
            supportedVersions: [STATELESS_VERSION],
            capabilities,
            instructions: instructions(service.backend.name),
          }
        : await dispatch(service, request, message);
    const ttlMs = keptMs[method];
    return {
      status: 200,
      body: {
        jsonrpc: "2.0",
        id,
        result: {
          ...result,
          resultType: "complete",
          ...(ttlMs !== undefined && { ttlMs, cacheScope: "private" }),
          _meta: { ...result._meta, "io.modelcontextprotocol/serverInfo": implementation },
        },
      },
    };
  } catch (error) {
    const unknown = error instanceof RpcError && error.code === rpcCodes.methodNotFound;
    return { status: unknown ? 404 : 200, body: failure(id, asOfThisRevision(error)) };
  }
}

function checkEnvelope({ params }: JSONRPCRequest, headers: IncomingHttpHeaders): void {
  const envelope = envelopeSchema.safeParse(paramsOf(params)?._meta ?? {});
  if (!envelope.success) {
    const [issue] = envelope.error.issues;
    throw new RpcError("invalidParams", `params._meta: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const requested = envelope.data[VERSION_KEY];
  mustEqual("MCP-Protocol-Version", headers["mcp-protocol-version"], requested);
  if (requested !== STATELESS_VERSION)
    throw new RpcError(
      "unsupportedVersion",
      `Protocol version ${requested.slice(0, 40)} is not known here.`,
      {
        supported: [STATELESS_VERSION],
        requested,
      },
    );
}

/** The headers by which load balancers may route must say what the body says. */
function checkHeaders({ method, params }: JSONRPCRequest, headers: IncomingHttpHeaders): void {
  mustEqual("Mcp-Method", headers["mcp-method"], method);
  const field = namedBy[method];
  const name = field && paramsOf(params)?.[field];
  if (typeof name === "string") mustEqual("Mcp-Name", decoded(headers["mcp-name"]), name);
}

function mustEqual(header: string, value: string | string[] | undefined, expected: string): void {
  if (value === expected) return;
  const given = value === undefined ? "is missing" : `is ${JSON.stringify(String(value).slice(0, 80))}`;
  throw new RpcError(
    "headerMismatch",
    `The header ${header} ${given}; the body says ${JSON.stringify(expected.slice(0, 80))}.`,
  );
}

/** Names that a header can't hold are sent as `=?base64?…?=`. */
function decoded(header: string | string[] | undefined): string | undefined {
  const text = header === undefined ? undefined : String(header);
  const base64 = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/.exec(text ?? "")?.[1];
  return base64 === undefined ? text : Buffer.from(base64, "base64").toString();
}

/** A resource that is not there was an error of its own until this revision. */
function asOfThisRevision(error: unknown): unknown {
  if (!(error instanceof RpcError) || error.code !== rpcCodes.resourceNotFound) return error;
  return new RpcError("invalidParams", error.message, error.data);
}
