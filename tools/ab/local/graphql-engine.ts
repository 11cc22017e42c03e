// The tests' stand-in for Hasura's engine, as a process of its own.
import * as z from "zod";
import { startHasuraServer } from "../../servers/hasura.ts";

const connection = z.object({
  host: z.string(),
  port: z.number(),
  database: z.string(),
  user: z.string(),
  password: z.string(),
  ssl: z.object({ ca: z.string() }),
});
const server = await startHasuraServer(connection.parse(JSON.parse(process.env["AB_DATABASE"] ?? "")));
process.send?.({ endpoint: server.endpoint });

// Nobody is left to ask.
process.on("disconnect", () => process.exit(0));
