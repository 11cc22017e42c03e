// The floor of an MCP server: the bare handler, with the result in the two forms that MCP asks for (text, and
// structured content), and nothing else: no protocol, no caller, no validation, no log.
import { createServer } from "node:http";
import { Pool } from "pg";
import { type FlatMessage, messageOf } from "../../mcp-server/backends/postgres-rows.ts";
import { statements } from "../../mcp-server/backends/postgres-statements.ts";

const pool = new Pool({ connectionString: process.env["DATABASE_URL"], max: 10, options: "-c TimeZone=UTC" });
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => {
    body += chunk;
  });
  request.on("end", async () => {
    const { id, params } = JSON.parse(body);
    const { room_id, limit } = params.arguments;
    const { rows } = await pool.query<FlatMessage>({
      ...statements.getMessages.first,
      values: ["phenom-agent", room_id, limit + 1],
    });
    const structuredContent = { messages: rows.slice(0, limit).map(messageOf) };
    const content = [{ type: "text", text: JSON.stringify(structuredContent) }];
    const bytes = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, result: { content, structuredContent } }));
    response.writeHead(200, { "content-type": "application/json", "content-length": bytes.length });
    response.end(bytes);
  });
});
server.listen(Number(process.env["PORT"]), "127.0.0.1", () => process.send?.("ready"));
