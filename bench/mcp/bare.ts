// The floor: a bare node:http handler that does the query and nothing else.
import { createServer } from "node:http";
import { Pool } from "pg";
import { statements } from "../../mcp-server/backends/postgres-statements.ts";

const pool = new Pool({ connectionString: process.env["DATABASE_URL"], max: 10, options: "-c TimeZone=UTC" });
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => {
    body += chunk;
  });
  request.on("end", async () => {
    const { room_id, limit } = JSON.parse(body).params.arguments;
    const { rows } = await pool.query({
      ...statements.getMessages.first,
      values: ["phenom-agent", room_id, limit + 1],
    });
    const bytes = Buffer.from(JSON.stringify({ messages: rows.slice(0, limit) }));
    response.writeHead(200, { "content-type": "application/json", "content-length": bytes.length });
    response.end(bytes);
  });
});
server.listen(Number(process.env["PORT"]), "127.0.0.1", () => process.send?.("ready"));
