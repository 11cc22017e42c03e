import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { jsonSchemaValidator } from "../json-schema.ts";
import type { ChatService, RequestContext } from "./call-tool.ts";
import { capabilities, dispatch, implementation } from "./dispatch.ts";
import { instructions } from "./instructions.ts";
import { type JsonRpcResponse, RequestTransport } from "./request-transport.ts";

/**
 * Answers the messages of one HTTP request, in the revisions up to 2025-11-25, with a server object of its own, so that no other request can reach its
 * state. The SDK's low-level `Server` is used, because `McpServer` would convert the nine tools' schemas to JSON Schema
 * again for each request.
 */
export async function answer(
  service: ChatService,
  request: RequestContext,
  messages: readonly JSONRPCMessage[],
): Promise<JsonRpcResponse[]> {
  const server = new Server(implementation, {
    capabilities,
    instructions: instructions(service.backend.name),
    jsonSchemaValidator,
  });
  server.fallbackRequestHandler = (message) => dispatch(service, request, message);

  const transport = new RequestTransport();
  await server.connect(transport);
  const close = () => void transport.close();
  request.signal.addEventListener("abort", close, { once: true });
  try {
    return await transport.exchange(messages);
  } finally {
    // Nothing runs and nothing is kept, so there is nothing to close.
    request.signal.removeEventListener("abort", close);
  }
}
