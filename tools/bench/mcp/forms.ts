// The lower bound of an MCP server: the query, and the result in the two forms that MCP requires (text and structured
// content).

import { messageOf } from "../../../mcp-server/backends/postgres-rows.ts";
import { messageLines } from "../../../mcp-server/chat/lines.ts";
import { shownMessages } from "../../../mcp-server/chat/shown.ts";
import { serve } from "./handler.ts";

serve((id, rows) => {
  const messages = rows.map(messageOf);
  const structuredContent = shownMessages(messages, false);
  const content = [{ type: "text", text: messageLines(messages, false, undefined) }];
  return { jsonrpc: "2.0", id, result: { content, structuredContent } };
});
