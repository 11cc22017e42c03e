// The program that is deployed, with the Node.js options of its image.
import { execFile, fork } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { median } from "../ab/statistics.ts";
import { IMAGE_PROGRAMS_FOLDER } from "../build/bundle-options.ts";
import { writeBundles } from "../build/bundles.ts";
import { imageOptions } from "../build/image-options.ts";
import { freePort } from "../servers/free-port.ts";
import { kill } from "../servers/program.ts";
import type { Figure, Run } from "./benchmark.ts";
import { load } from "./mcp/load.ts";
import { type MeasuredServer, pageRequest, startMeasuredDatabase, startOurs } from "./mcp/servers.ts";

const execute = promisify(execFile);

export const name = "mcp-process";
export const description =
  "start of the MCP server's process, and its memory after 100 000 and 200 000 calls";

export async function measure(run: Run): Promise<Figure[]> {
  const { url, server } = await startMeasuredDatabase();
  try {
    return [await startTime(url, run), ...(await memory(url, run))];
  } finally {
    await server.stop();
  }
}

async function startTime(databaseUrl: string, { quick, progress }: Run): Promise<Figure> {
  const starts = quick ? 2 : 5;
  await writeBundles(["programs"]);
  progress(`${starts} starts of the deployed program`);
  const times: number[] = [];
  for (let n = 0; n < starts; n++) times.push(await firstAnswer(databaseUrl));
  return {
    label: "process start to first answer",
    measured: median(times),
    unit: "ms",
    target: { atMost: 500 },
  };
}

/** Milliseconds from process start until /health answers, although it still says that the server warms up. */
async function firstAnswer(databaseUrl: string): Promise<number> {
  const port = await freePort();
  const execArgv = await imageOptions();
  const start = performance.now();
  const child = fork(`${IMAGE_PROGRAMS_FOLDER}/server.mjs`, {
    env: {
      PATH: process.env["PATH"],
      BACKEND_TYPE: "postgres",
      DATABASE_URL: databaseUrl,
      PORT: String(port),
    },
    execArgv,
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  try {
    for (;;) {
      const answered = await fetch(`http://127.0.0.1:${port}/health`).then(
        () => true,
        () => false,
      );
      if (answered) return performance.now() - start;
      if (child.exitCode !== null) throw new Error(`the MCP server exited with ${child.exitCode}`);
      await wait(5);
    }
  } finally {
    await kill(child);
  }
}

async function memory(databaseUrl: string, { quick, progress }: Run): Promise<Figure[]> {
  const calls = quick ? 2000 : 100_000;
  const server = await startOurs(databaseUrl);
  try {
    const residentAfterMore = async () => {
      progress(`${calls} calls`);
      await load({ ...pageRequest(server, 10), connections: 16, limit: { requests: calls } });
      return resident(server);
    };
    const first = await residentAfterMore();
    const second = await residentAfterMore();
    return [
      {
        label: `resident memory after ${calls} calls`,
        measured: first,
        unit: "MiB",
        target: { atMost: 128 },
      },
      {
        label: `resident memory after ${2 * calls} calls`,
        measured: second,
        unit: "MiB",
        baseline: { label: `after ${calls}`, measured: first },
        target: { atMost: 1 },
      },
    ];
  } finally {
    await server.stop();
  }
}

/** Resident set size in MiB, as `ps` gives it on Linux and macOS. */
async function resident({ pid }: MeasuredServer): Promise<number> {
  const { stdout } = await execute("ps", ["-o", "rss=", "-p", String(pid)]);
  return Number(stdout) / 1024;
}
