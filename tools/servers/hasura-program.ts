// The stand-in for Hasura's engine in a process of its own.
import * as z from "zod";
import { startHasuraServer } from "./hasura.ts";

const connection = z.object({
  host: z.string(),
  port: z.number(),
  database: z.string(),
  user: z.string(),
  password: z.string(),
  ssl: z.object({ ca: z.string() }),
});
const server = await startHasuraServer(connection.parse(JSON.parse(process.env["DATABASE"] ?? "")));
process.send?.({ endpoint: server.endpoint });

process.on("disconnect", () => process.exit(0));
