import { rooms } from "../../shared/chat-rooms.ts";

/** Explains how to use the chat that has just started. */
export const greeting = (url: string, dataFolder: string): string => `
Phenom Chat is running on this machine.

  MCP endpoint   ${url}
  data           ${dataFolder} (kept; npm start -- --reset deletes it)

Add it to an MCP client:

  Claude Code    claude mcp add --transport http phenom-chat ${url}
  VS Code        code --add-mcp '{"name":"phenom-chat","type":"http","url":"${url}"}'
  Cursor         { "mcpServers": { "phenom-chat": { "url": "${url}" } } }   in ~/.cursor/mcp.json

Or call a tool right here:

  curl -s ${url} -H 'content-type: application/json' -d '${JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "chat_get_messages", arguments: { room_id: rooms.community, limit: 3 } },
  })}'

Ctrl-C stops everything.
`;
