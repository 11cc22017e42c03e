import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type * as z from "zod";
import { imageOptions } from "../../build/image-options.ts";
import { bundleProgram } from "../../run.mjs";

/** A program of ours that runs as a process of its own, as a task of its own runs in the cloud. */
export interface Program<Ready> {
  readonly pid: number;
  /** What it said when it was ready. */
  readonly ready: Ready;
  /** Bytes that it wrote to its log so far. */
  logBytes(): Promise<number>;
  stop(): Promise<void>;
}

/** Milliseconds for a program to get ready. */
const READY_MS = 60_000;

/**
 * Bundles a TypeScript program, runs it, and waits for the message by which it says that it is ready.
 * @throws Error with the end of its log where it ends before
 */
export async function startProgram<Ready>(
  source: string,
  variables: Readonly<Record<string, string>>,
  ready: z.ZodType<Ready>,
): Promise<Program<Ready>> {
  // Beside node_modules, where it finds the packages.
  const outfile = `build/ab/programs/${basename(source, ".ts")}.mjs`;
  await bundleProgram(source, outfile);
  const folder = await mkdtemp(join(tmpdir(), "phenom-ab-"));
  const logFile = join(folder, "log");
  const log = await open(logFile, "a");
  const child = fork(outfile, {
    env: { PATH: process.env["PATH"], NODE_ENV: "production", ...variables },
    execArgv: await imageOptions(),
    stdio: ["ignore", log.fd, log.fd, "ipc"],
  });
  const stop = async () => {
    await end(child);
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
      once(child, "exit", { signal }).then(([code]) => Promise.reject(new Error(`it ended with ${code}`))),
      once(AbortSignal.timeout(READY_MS), "abort", { signal }).then(() =>
        Promise.reject(new Error(`it was not ready in ${READY_MS / 1000} s`)),
      ),
    ]);
  } finally {
    started.abort();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** What a process and all that it started have used. */
export interface Usage {
  readonly cpuSeconds: number;
  /** Proportional set size: pages that processes share are counted once. */
  readonly memoryMiB: number;
}

/** Linux counts CPU time in hundredths of a second, on every architecture that it runs on here. */
const TICKS = 100;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

/** Usage of each process tree by the pid of its root, read at one moment. */
export async function usage(roots: readonly number[]): Promise<Usage[]> {
  const numbers = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const stats = (await Promise.all(numbers.map(readStat))).filter((one) => one !== undefined);
  return Promise.all(
    roots.map(async (root) => {
      const tree = descendants(root, stats);
      const memory = await Promise.all(tree.map(({ pid }) => proportionalKiB(pid)));
      return {
        cpuSeconds: sum(tree.map(({ ticks }) => ticks)) / TICKS,
        memoryMiB: sum(memory) / 1024,
      };
    }),
  );
}

function descendants(root: number, stats: readonly Stat[]): Stat[] {
  const found = stats.filter(({ pid }) => pid === root);
  for (const { pid } of found) found.push(...stats.filter(({ parent }) => parent === pid));
  return found;
}

/** A process may end while it is read. */
async function readStat(pid: string): Promise<Stat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  // The name before may hold spaces and brackets. Then: state, parent, ..., utime, stime, cutime, cstime (14 to 17).
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { pid: Number(pid), parent: Number(fields[1]), ticks: sum(fields.slice(11, 15).map(Number)) };
}

async function proportionalKiB(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0);
}

/** CPU seconds that the whole machine has worked since it started. */
export async function machineCpuSeconds(): Promise<number> {
  const [line = ""] = (await readFile("/proc/stat", "utf8")).split("\n", 1);
  // user, nice, system, idle, iowait, irq, softirq
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / TICKS;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
