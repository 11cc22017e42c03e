import type { IncomingHttpHeaders } from "node:http";
import {
  type JSONRPCMessage,
  type JSONRPCRequest,
  SUPPORTED_PROTOCOL_VERSIONS,
} from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod";
import { RpcError } from "./rpc-error.ts";

/** Revisions that begin with a handshake, newest first. */
export const handshakeVersions: readonly string[] = SUPPORTED_PROTOCOL_VERSIONS;

/** The revision without a handshake: each request names it, and the client's capabilities. */
export const STATELESS_VERSION = "2026-07-28";

const VERSION_KEY = "io.modelcontextprotocol/protocolVersion";

const envelopeSchema = z.object({
  [VERSION_KEY]: z.string(),
  "io.modelcontextprotocol/clientCapabilities": z.record(z.string(), z.unknown()),
  "io.modelcontextprotocol/clientInfo": z.object({ name: z.string(), version: z.string() }).optional(),
});

/** Whether a version is one without a handshake: this one, or a later one that is not known here. */
const isStateless = (version: unknown): boolean =>
  typeof version === "string" && /^\d{4}-\d{2}-\d{2}$/.test(version) && version >= STATELESS_VERSION;

/** Whether a message belongs to such a revision: by its own statement, or by the header. */
export const isStatelessMessage = (message: JSONRPCMessage, headers: IncomingHttpHeaders): boolean =>
  "method" in message &&
  (message.params?._meta?.[VERSION_KEY] !== undefined || isStateless(headers["mcp-protocol-version"]));

/** What is wrong with the header MCP-Protocol-Version; of a version without a handshake, the answer's body tells. */
export function wrongVersion(version: string | string[] | undefined): string | undefined {
  if (version === undefined || isStateless(version) || handshakeVersions.includes(String(version))) return;
  const known = [STATELESS_VERSION, ...handshakeVersions].join(", ");
  return `MCP-Protocol-Version ${JSON.stringify(version)} is not known here. Known: ${known}.`;
}

/**
 * Checks what a request without a handshake says of itself, and that the headers by which load balancers may route say the
 * same as the body.
 * @param namedBy the parameter that the header `Mcp-Name` repeats
 * @throws RpcError
 */
export function checkEnvelope(
  { method, params }: JSONRPCRequest,
  headers: IncomingHttpHeaders,
  namedBy: "name" | "uri" | undefined,
): void {
  const envelope = envelopeSchema.safeParse(params?._meta ?? {});
  if (!envelope.success) {
    const [issue] = envelope.error.issues;
    throw new RpcError("invalidEnvelope", `params._meta: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const requested = envelope.data[VERSION_KEY];
  mustEqual("MCP-Protocol-Version", headers["mcp-protocol-version"], requested);
  if (requested !== STATELESS_VERSION)
    throw new RpcError(
      "unsupportedVersion",
      `Protocol version ${requested.slice(0, 40)} is not known here.`,
      { supported: [STATELESS_VERSION], requested },
    );
  mustEqual("Mcp-Method", headers["mcp-method"], method);
  const name = namedBy && params?.[namedBy];
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
