import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import bundle from "./bundle.json";
import { AGENT, type ChatDatabase, startChatDatabase } from "./testing/database.ts";
import { textOf } from "./testing/service.ts";

let folder: string;
let database: ChatDatabase;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "phenom-mcp-image-"));
  const built = await mkdtemp(join(tmpdir(), "phenom-mcp-build-"));
  const outfile = join(built, "server.mjs");
  await build({ ...bundle, outfile } as Parameters<typeof build>[0]);
  // What the Dockerfile copies into the last stage, and nothing else.
  const dockerfile = await readFile("mcp-server/Dockerfile", "utf8");
  expect(dockerfile.match(/^COPY --from=build (?!\/usr).*$/gm)).toEqual([
    "COPY --from=build /src/build/mcp-server/server.mjs /app/server.mjs",
    "COPY --from=build /src/build/mcp-server/bootstrap.mjs /app/bootstrap.mjs",
  ]);
  await copyFile(outfile, join(folder, "server.mjs"));
  await rm(built, { recursive: true });
  await chmod(folder, 0o555);
  database = await startChatDatabase();
});
afterEach(async () => {
  for (const child of running) {
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  running.clear();
});
afterAll(async () => {
  await database?.stop();
  await chmod(folder, 0o755);
  await rm(folder, { recursive: true, force: true });
});

interface Running {
  readonly child: ChildProcess;
  readonly log: () => Record<string, unknown>[];
}

function launch(variables: Record<string, string>): Running {
  const child = spawn(process.execPath, ["server.mjs"], {
    cwd: folder,
    env: { PATH: process.env["PATH"], ...variables },
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  const lines = z.array(z.record(z.string(), z.unknown()));
  return {
    child,
    log: () =>
      lines.parse(
        text
          .split("\n")
          .slice(0, -1)
          .map((line) => JSON.parse(line)),
      ),
  };
}

const databaseUrl = (port = database.connection.port) => {
  const { user, password, database: name } = database.connection;
  const trust = `sslmode=verify-full&sslrootcert=${database.server.caFile}`;
  return `postgres://${user}:${password}@127.0.0.1:${port}/${name}?${trust}`;
};

async function serve(port?: number) {
  const started = launch({
    BACKEND_TYPE: "postgres",
    DATABASE_URL: databaseUrl(port),
    AGENT_USER_ID: AGENT,
    PORT: "0",
  });
  await expect
    .poll(() => started.log().some(({ event }) => event === "started"), { timeout: 10_000 })
    .toBe(true);
  const url = `http://127.0.0.1:${started.log()[0]?.["port"]}`;
  const call = async (name: string, args: Record<string, unknown>) => {
    const response = await fetch(`${url}/mcp`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "tools/call",
        params: { name, arguments: args },
      }),
    });
    return z.object({ result: z.record(z.string(), z.unknown()) }).parse(await response.json()).result;
  };
  return { ...started, url, call };
}

describe("the bundled server, alone in a folder that it cannot write to", () => {
  test("serves the chat, names its release, and needs no other file", async () => {
    expect(await readdir(folder)).toEqual(["server.mjs"]);
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

  test("reports all that is wrong with its configuration in one line and does not start", async () => {
    const { child, log } = launch({ BACKEND_TYPE: "hasura", PORT: "x", AGENT_PASSWORD: "hunter2" });
    const [code] = await once(child, "exit");
    expect(code).toBe(1);
    expect(log()).toMatchObject([{ level: "error", event: "configuration_invalid" }]);
    expect(z.array(z.string()).parse(log()[0]?.["problems"]).length).toBeGreaterThan(4);
    expect(JSON.stringify(log())).not.toContain("hunter2");
  });

  test("at SIGTERM takes no more requests, finishes the one that runs, and ends with 0", async () => {
    const { child, log, call, url } = await serve();
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
    await expect.poll(waiting, { timeout: 5000 }).toBe(1);
    child.kill("SIGTERM");
    await expect.poll(() => log().some(({ event }) => event === "stopping")).toBe(true);
    await expect(fetch(`${url}/health`)).rejects.toThrow();
    await blocker.query("rollback");
    await blocker.end();
    expect((await slow)["structuredContent"]).toMatchObject({ message: { content: "Last words" } });
    const [code] = child.exitCode === null ? await once(child, "exit") : [child.exitCode];
    expect(code).toBe(0);
    expect(log().at(-1)).toMatchObject({ event: "stopped" });
  });

  test("killed between the database's commit and the answer sends once, when the call comes again with its key", async () => {
    const room_id = await database.world.newRoom("Killed", []);
    const proxy = await muteProxy(database.connection.port);
    const first = await serve(proxy.port);
    const draft = { room_id, content: "Once only", idempotency_key: "killed-1" };
    await first.call("chat_list_rooms", {});
    proxy.mute();
    const lost = first.call("chat_send_message", draft).catch(() => "lost");
    const stored = async () =>
      (await database.sql("select id from chat_messages where room_id = $1", [room_id])).length;
    await expect.poll(stored, { timeout: 5000 }).toBe(1);
    first.child.kill("SIGKILL");
    expect(await lost).toBe("lost");
    proxy.stop();

    const second = await serve();
    const again = await second.call("chat_send_message", draft);
    expect(JSON.parse(textOf(again))).toMatchObject({ message: { content: "Once only" } });
    expect(await stored()).toBe(1);
  });
});

/** Passes everything on to PostgreSQL and, once mute, nothing back. */
async function muteProxy(to: number) {
  let mute = false;
  const server: Server = createServer((client) => {
    const upstream = connect(to, "127.0.0.1");
    client.pipe(upstream);
    upstream.on("data", (chunk) => {
      if (!mute) client.write(chunk);
    });
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.destroy());
    client.on("close", () => upstream.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return {
    port: typeof address === "object" && address ? address.port : 0,
    mute: () => {
      mute = true;
    },
    stop: () => server.close(),
  };
}
