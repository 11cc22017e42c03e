// A bare node:http server: it parses a tool call, queries the page and answers, without protocol, authentication,
// validation or log.
import { createServer, type Server } from "node:http";
import type { FlatMessage } from "../../../mcp-server/backends/postgres-rows.ts";
import { listen } from "../../servers/listening.ts";
import { firstPage } from "./query.ts";

/** Listens on a free port and tells the parent process. */
export async function announce(server: Server): Promise<void> {
  process.send?.({ port: await listen(server) });
  process.on("disconnect", () => process.exit(0));
}

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
  void announce(server);
}
