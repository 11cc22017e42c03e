import type { IncomingHttpHeaders } from "node:http";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import type { ChatService, RequestContext } from "./call-tool.ts";
import { implementation, methods } from "./methods.ts";
import { checkEnvelope, isStatelessMessage } from "./revisions.ts";
import { type Answered, failure, RpcError } from "./rpc-error.ts";

/**
 * Answers one message of any revision. The SDK's own handlers would check the request and the result against schemas once
 * more, and put a dump of what failed into the error.
 */
export async function answer(
  service: ChatService,
  request: RequestContext,
  message: JSONRPCMessage,
  headers: IncomingHttpHeaders,
): Promise<Answered> {
  if (!("method" in message && "id" in message)) return { status: 202 };
  const { id, method, params } = message;
  const stateless = isStatelessMessage(message, headers);
  try {
    const known = methods.get(method);
    if (stateless) checkEnvelope(message, headers, known?.namedBy);
    if (!known || known.notIn === (stateless ? "stateless" : "handshake"))
      throw new RpcError(
        "methodNotFound",
        `This server has no method ${JSON.stringify(method.slice(0, 80))}.`,
      );
    const result = await known.run(service, request, params);
    if (!stateless) return { status: 200, body: { jsonrpc: "2.0", id, result } };
    const { keptMs } = known;
    const complete = {
      ...result,
      resultType: "complete",
      // What is listed depends on the caller's group.
      ...(keptMs !== undefined && { ttlMs: keptMs, cacheScope: "private" }),
      _meta: { ...result._meta, "io.modelcontextprotocol/serverInfo": implementation },
    };
    return { status: 200, body: { jsonrpc: "2.0", id, result: complete } };
  } catch (error) {
    return failure(id, error, stateless);
  }
}
