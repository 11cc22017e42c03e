import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import {
  CallToolRequestSchema,
  ErrorCode,
  type Implementation,
  type JSONRPCMessage,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import { version } from "../../shared/version.ts";
import { jsonSchemaValidator } from "../json-schema.ts";
import { catalog, toolNamed } from "../tools/catalog.ts";
import type { Tool } from "../tools/tool.ts";
import { type ChatService, callTool, mayCall, type RequestContext } from "./call-tool.ts";
import { instructions } from "./instructions.ts";
import { type JsonRpcResponse, RequestTransport } from "./request-transport.ts";
import { listResources, readResource, resourceTemplates } from "./resources.ts";

const implementation: Implementation = { name: "phenom-chat", title: "Phenom Chat", version };

const listed = new Map(
  catalog.map((tool: Tool) => {
    const { name, title, description, annotations, inputSchema, outputSchema } = tool;
    return [tool, { name, title, description, annotations, inputSchema, outputSchema }];
  }),
);

/**
 * Answers the messages of one HTTP request with a server object of its own, so that no other request can reach its
 * state. The SDK's low-level `Server` is used, because `McpServer` would convert the nine tools' schemas to JSON Schema
 * again for each request.
 */
export async function answer(
  service: ChatService,
  request: RequestContext,
  messages: readonly JSONRPCMessage[],
): Promise<JsonRpcResponse[]> {
  const server = new Server(implementation, {
    capabilities: { tools: {}, resources: {} },
    instructions: instructions(service.backend.name),
    jsonSchemaValidator,
  });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: catalog
      .filter((tool) => mayCall(service, request.caller, tool))
      .flatMap((t) => listed.get(t) ?? []),
  }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
    const tool = toolNamed(params.name);
    if (!tool)
      throw new McpError(
        ErrorCode.InvalidParams,
        `Unknown tool ${JSON.stringify(params.name)}. Known: ${catalog.map(({ name }) => name).join(", ")}.`,
      );
    return callTool(service, request, tool, params.arguments);
  });
  server.setRequestHandler(ListResourcesRequestSchema, () => listResources(service, request));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, () => resourceTemplates);
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }) =>
    readResource(service, request, params.uri),
  );

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
