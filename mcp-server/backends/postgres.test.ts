import { contract } from "../../test/mcp-server/contract.ts";
import { startChatDatabase } from "../../test/mcp-server/database.ts";
import { postgresBackend } from "./postgres.ts";

contract("postgres", 60, async () => {
  const database = await startChatDatabase();
  const backend = postgresBackend({ connection: database.connection, agentUserId: database.world.agent });
  return { world: { ...database.world, backend }, stop: database.stop };
});
