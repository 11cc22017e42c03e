// The lower bound of an MCP server: the query, and the result in the two forms that MCP requires (text and structured
// content).
import { messageOf } from "../../../mcp-server/backends/postgres-rows.ts";
import { serve } from "./handler.ts";

serve((id, rows) => {
  const structuredContent = { messages: rows.map(messageOf) };
  const content = [{ type: "text", text: JSON.stringify(structuredContent) }];
  return { jsonrpc: "2.0", id, result: { content, structuredContent } };
});
