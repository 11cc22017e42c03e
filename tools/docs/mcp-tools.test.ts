import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { postgresBackend } from "../../mcp-server/backends/postgres.ts";
import { expectUpToDate } from "../../test/jest/file-snapshot.ts";
import { withMessage } from "../../test/jest/with-message.ts";
import { type ChatDatabase, startChatDatabase } from "../../test/mcp-server/database.ts";
import { startTestService, type TestService, textOf } from "../../test/mcp-server/service.ts";
import { addDemoData, agentUserId } from "../local/demo.ts";
import { examples, mcpTools } from "./mcp-tools.ts";

describe("the reference for callers", () => {
  let database: ChatDatabase;
  let service: TestService;
  beforeAll(async () => {
    database = await startChatDatabase();
    await database.sql("truncate users cascade");
    await addDemoData(database.connection);
    await database.sql("update chat_messages set id = $1 where user_id = 'demo-spam'", [
      "6f1c1f7e-0d0c-4c53-9a52-0d9a6f0b7a01",
    ]);
    service = await startTestService(postgresBackend({ connection: database.connection, agentUserId }));
  });
  afterAll(async () => {
    await service?.stop();
    await database?.stop();
  });

  it("matches the code", async () => {
    await expectUpToDate("docs/mcp-tools.md", mcpTools());
  });

  it("has a working example for each tool", async () => {
    const client = await service.connect();
    const { tools } = await client.listTools();
    expect(new Set(examples.map(({ tool }) => tool))).toEqual(new Set(tools.map(({ name }) => name)));
    for (const { tool, arguments: args } of examples) {
      const result = await client.callTool({ name: tool, arguments: args });
      withMessage(textOf(result), () => expect(result.isError).toBeUndefined());
    }
    await client.close();
  });
});
