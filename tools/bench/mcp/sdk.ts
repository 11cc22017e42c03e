// The SDK's own way, as its examples show it: Express, a new server and a new transport for each request.

import type { IncomingMessage, ServerResponse } from "node:http";
import { createMcpExpressApp } from "@modelcontextprotocol/sdk/server/express.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { messageOf } from "../../../mcp-server/backends/postgres-rows.ts";
import { catalog } from "../../../mcp-server/tools/catalog.ts";
import { firstPage } from "./query.ts";

/** The same nine tools; only the one that is measured is called. */
function newServer(): McpServer {
  const server = new McpServer({ name: "sdk", version: "1" });
  for (const { name, title, description, input, output, annotations } of catalog)
    server.registerTool(
      name,
      { title, description, annotations, inputSchema: input, outputSchema: output },
      async ({ room_id, limit }) => {
        const rows = await firstPage(String(room_id), Number(limit));
        const result = { messages: rows.map(messageOf) };
        return { content: [{ type: "text", text: JSON.stringify(result) }], structuredContent: result };
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
app.listen(Number(process.env["PORT"]), "127.0.0.1", () => process.send?.("ready"));
