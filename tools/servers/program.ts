import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { build } from "esbuild";
import type * as z from "zod";
import { programBundle } from "../build/bundle-options.ts";
import { imageOptions } from "../build/image-options.ts";
import { cpuQuota } from "./cpu-quota.ts";

/** A program of ours in a process of its own, as it runs in a task of its own on ECS. */
export interface Program<Ready> {
  readonly pid: number;
  /** The message that it sent when it was ready. */
  readonly ready: Ready;
  /** Bytes that it has written to its log. */
  logBytes(): Promise<number>;
  stop(): Promise<void>;
}

export interface ProgramOptions {
  readonly variables?: Readonly<Record<string, string>>;
  /** Options of Node.js. @default - those that the MCP server's image sets */
  readonly nodeOptions?: readonly string[];
  /** Share of one core that it gets, from its first instruction on; needs root on Linux. @default - no limit */
  readonly cpu?: number;
}

/** Milliseconds that a program may take to become ready. */
const READY_MS = 60_000;

/**
 * Bundles a TypeScript program as the image's programs are bundled, runs it, and waits for its ready message.
 * @throws Error with the end of its log if it exits before or is not ready in time
 */
export async function startProgram<Ready>(
  source: string,
  ready: z.ZodType<Ready>,
  { variables = {}, nodeOptions, cpu }: ProgramOptions = {},
): Promise<Program<Ready>> {
  const folder = await mkdtemp(join(tmpdir(), "phenom-program-"));
  const file = join(folder, `${basename(source, ".ts")}.mjs`);
  await build({ ...programBundle, entryPoints: [source], outfile: file });
  const logFile = join(folder, "log");
  const log = await open(logFile, "a");
  const quota = cpu === undefined ? undefined : cpuQuota(cpu);
  const [execPath = "", ...execArgv] = [
    ...(quota?.wrapper ?? []),
    process.execPath,
    ...(nodeOptions ?? (await imageOptions())),
  ];
  const child = fork(file, {
    env: { PATH: process.env["PATH"], NODE_ENV: "production", ...variables },
    ...{ execPath, execArgv },
    stdio: ["ignore", log.fd, log.fd, "ipc"],
  });
  const stop = async () => {
    await kill(child);
    quota?.remove();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const message = await firstMessage(child);
    return {
      pid: child.pid ?? 0,
      ready: ready.parse(message),
      logBytes: async () => (await stat(logFile)).size,
      stop,
    };
  } catch (error) {
    const text = await readFile(logFile, "utf8");
    await stop();
    throw new Error(`${source} did not start: ${String(error)}\n${text.slice(-2000)}`);
  } finally {
    await log.close();
  }
}

async function firstMessage(child: ChildProcess): Promise<unknown> {
  const started = new AbortController();
  const { signal } = started;
  try {
    return await Promise.race([
      once(child, "message", { signal }).then(([message]) => message),
      once(child, "exit", { signal }).then(([code]) => Promise.reject(new Error(`it exited with ${code}`))),
      once(AbortSignal.timeout(READY_MS), "abort", { signal }).then(() =>
        Promise.reject(new Error(`it was not ready within ${READY_MS / 1000} s`)),
      ),
    ]);
  } finally {
    started.abort();
  }
}

/** Ends a process and waits until it has exited. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** Stops in reverse order of starting; a failure is logged and does not keep the others running. */
export async function stopAll(stops: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const stop of stops.toReversed()) await stop().catch((error: unknown) => console.error(error));
}
