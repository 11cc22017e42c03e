// The server as the SDK's examples build it: Express, a new server and a new transport for each request.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createMcpExpressApp } from "@modelcontextprotocol/sdk/server/express.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { messageOf } from "../../../mcp-server/backends/postgres-rows.ts";
import { messageLines } from "../../../mcp-server/chat/lines.ts";
import { shownMessages } from "../../../mcp-server/chat/shown.ts";
import { catalog } from "../../../mcp-server/tools/catalog.ts";
import { announce } from "./handler.ts";
import { firstPage } from "./query.ts";

/** Registers all tools; only chat_get_messages is called. */
function newServer(): McpServer {
  const server = new McpServer({ name: "sdk", version: "1" });
  for (const { name, title, description, input, output, annotations } of catalog)
    server.registerTool(
      name,
      { title, description, annotations, inputSchema: input, outputSchema: output },
      async ({ room_id, limit }) => {
        const rows = await firstPage(String(room_id), Number(limit));
        const messages = rows.map(messageOf);
        const structuredContent = shownMessages(messages, false);
        return {
          content: [{ type: "text", text: messageLines(messages, false, undefined) }],
          structuredContent,
        };
      },
    );
  return server;
}

const app = createMcpExpressApp();
app.post("/mcp", async (request: IncomingMessage & { body?: unknown }, response: ServerResponse) => {
  const server = newServer();
  const transport = new StreamableHTTPServerTransport({ enableJsonResponse: true });
  response.on("close", () => {
    void transport.close();
    void server.close();
  });
  await server.connect(transport);
  await transport.handleRequest(request, response, request.body);
});
void announce(createServer(app));
