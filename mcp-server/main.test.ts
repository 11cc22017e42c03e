import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { Client } from "pg";
import * as z from "zod";
import { eventually } from "../test/jest/eventually.ts";
import { AGENT, type ChatDatabase, databaseUrl, startChatDatabase } from "../test/mcp-server/database.ts";
import { bundleServer, type Program } from "../test/mcp-server/program.ts";

let program: Program;
let database: ChatDatabase;

beforeAll(async () => {
  program = await bundleServer();
  // What the Dockerfile copies into the last stage, and nothing else.
  const dockerfile = await readFile("mcp-server/Dockerfile", "utf8");
  expect(dockerfile.match(/^COPY --from=build (?!\/usr).*$/gm)).toEqual([
    "COPY --from=build /src/build/mcp-server /app",
  ]);
  database = await startChatDatabase();
});
afterEach(() => program.end());
afterAll(async () => {
  await database?.stop();
  await program?.remove();
});

const serve = () =>
  program.serve({ BACKEND_TYPE: "postgres", DATABASE_URL: databaseUrl(database), AGENT_USER_ID: AGENT });

describe("the bundled server, alone in a folder that it cannot write to", () => {
  it("serves the chat, names its release, and needs no other file", async () => {
    expect(await readdir(program.folder)).toEqual(["server.mjs"]);
    const { url, call } = await serve();
    expect((await call("chat_list_rooms", {}))["structuredContent"]).toMatchObject({
      rooms: expect.any(Array),
    });
    const { version } = z
      .object({ version: z.string() })
      .parse(await (await fetch(`${url}/mcp/version`)).json());
    const { version: released } = z
      .object({ version: z.string() })
      .parse(JSON.parse(await readFile("package.json", "utf8")));
    expect(version).toBe(released);
  });

  it("reports every mistake in its configuration in one line and does not start", async () => {
    const { child, log } = program.launch({ BACKEND_TYPE: "hasura", PORT: "x", AGENT_PASSWORD: "hunter2" });
    const [code] = await once(child, "exit");
    expect(code).toBe(1);
    expect(log()).toMatchObject([{ level: "error", event: "configuration_invalid" }]);
    expect(z.array(z.string()).parse(log()[0]?.["problems"]).length).toBeGreaterThan(4);
    expect(JSON.stringify(log())).not.toContain("hunter2");
  });

  it("accepts no more requests after SIGTERM, completes the running one, and exits with 0", async () => {
    const { child, log, call, url } = await serve();
    const warmedUp = () => log().some(({ event }) => event === "warmed_up");
    await eventually(() => expect(warmedUp()).toBe(true), { timeout: 20_000 });
    const room_id = await database.world.newRoom("Shutdown", []);
    const blocker = new Client(database.connection);
    await blocker.connect();
    await blocker.query("begin; lock table chat_messages in access exclusive mode");
    const slow = call("chat_send_message", { room_id, content: "Last words" });
    const waiting = async () =>
      (
        await blocker.query(
          "select from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'phenom-chat-mcp'",
        )
      ).rowCount;
    await eventually(async () => expect(await waiting()).toBe(1), { timeout: 5000 });
    child.kill("SIGTERM");
    await eventually(() => expect(log().some(({ event }) => event === "stopping")).toBe(true));
    await expect(fetch(`${url}/health`)).rejects.toThrow();
    await blocker.query("rollback");
    await blocker.end();
    expect((await slow)["structuredContent"]).toMatchObject({ message: { content: "Last words" } });
    const [code] = child.exitCode === null ? await once(child, "exit") : [child.exitCode];
    expect(code).toBe(0);
    expect(log().at(-1)).toMatchObject({ event: "stopped" });
  });
});
