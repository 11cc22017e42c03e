import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "@jest/globals";
import * as z from "zod";
import { IMAGE_PROGRAMS_FOLDER } from "../../tools/build/bundle-options.ts";
import { eventually } from "../jest/eventually.ts";

/** A process of the bundled server. */
interface Running {
  readonly child: ChildProcess;
  /** What it logged, parsed. */
  log(): Record<string, unknown>[];
}

interface Serving extends Running {
  readonly url: string;
  /** Calls a tool; gives its result. Rejects where no answer comes. */
  call(name: string, args: Record<string, unknown>): Promise<Record<string, unknown>>;
}

/** The server as the image holds it: one file in a folder that it cannot write to. */
export interface Program {
  readonly folder: string;
  /** Starts it with these variables and no others. */
  launch(variables: Readonly<Record<string, string>>): Running;
  /** As `launch`, on a free port; waits until it listens. */
  serve(variables: Readonly<Record<string, string>>): Promise<Serving>;
  /** Kills what still runs. */
  end(): Promise<void>;
  remove(): Promise<void>;
}

export async function bundleServer(): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), "phenom-mcp-image-"));
  await copyFile(join(IMAGE_PROGRAMS_FOLDER, "server.mjs"), join(folder, "server.mjs"));
  await chmod(folder, 0o555);
  const running = new Set<ChildProcess>();

  const launch: Program["launch"] = (variables) => {
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
    const log = () =>
      lines.parse(
        text
          .split("\n")
          .slice(0, -1)
          .map((line) => JSON.parse(line)),
      );
    return { child, log };
  };

  return {
    folder,
    launch,
    async serve(variables) {
      const started = launch({ PORT: "0", ...variables });
      await eventually(() => expect(started.log().some(({ event }) => event === "started")).toBe(true), {
        timeout: 10_000,
      });
      const port = started.log().find(({ event }) => event === "started")?.["port"];
      const url = `http://127.0.0.1:${port}`;
      return { ...started, url, call: (name, args) => callTool(url, name, args) };
    },
    async end() {
      for (const child of running) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
    },
    async remove() {
      await chmod(folder, 0o755);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function callTool(url: string, name: string, args: Record<string, unknown>) {
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
}
