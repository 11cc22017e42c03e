// The query that every compared server runs, over a connection pool of the same size as the MCP server's.
import { Pool } from "pg";
import type { FlatMessage } from "../../../mcp-server/backends/postgres-rows.ts";
import { statements } from "../../../mcp-server/backends/postgres-statements.ts";
import { bounds } from "../../../mcp-server/backends/sql-form.ts";

const { since, until } = bounds({});
const pool = new Pool({ connectionString: process.env["DATABASE_URL"], max: 10, options: "-c TimeZone=UTC" });

/** The first page of a room's messages. Selects one more row, as the MCP server does to know whether a next page exists. */
export async function firstPage(room: string, limit: number): Promise<FlatMessage[]> {
  const values = ["phenom-agent", room, limit + 1, since, until];

  const { rows } = await pool.query<FlatMessage>({ ...statements.getMessages.newest.first, values });
  return rows.slice(0, limit);
}
