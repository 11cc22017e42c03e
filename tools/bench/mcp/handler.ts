// A bare node:http server: it reads a tool call, asks for the page and answers, with no protocol, caller, validation or
// log.
import { createServer } from "node:http";
import type { FlatMessage } from "../../../mcp-server/backends/postgres-rows.ts";
import { firstPage } from "./query.ts";

export function serve(answerOf: (id: unknown, rows: readonly FlatMessage[]) => unknown): void {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", async () => {
      const { id, params } = JSON.parse(body);
      const rows = await firstPage(params.arguments.room_id, params.arguments.limit);
      const bytes = Buffer.from(JSON.stringify(answerOf(id, rows)));
      response.writeHead(200, { "content-type": "application/json", "content-length": bytes.length });
      response.end(bytes);
    });
  });
  server.listen(Number(process.env["PORT"]), "127.0.0.1", () => process.send?.("ready"));
}
