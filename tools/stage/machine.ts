import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Problem } from "../cli/problem.ts";
import { requireTools } from "../setup/require-tools.ts";
import { type ToolName, tools } from "../setup/tools.ts";
import { bridges, MAX_STAGES, Network, PREFIX, removeNetwork } from "./network.ts";

/** Program that is process 1 of a container with `initProcessEnabled`; it is linked statically. */
export const initProgram = () => tools["container-tools"].path("init");

/** What containers run with. */
export const STAGE_TOOLS = ["runc", "container-tools"] as const;

// Looked up once: a stage sets TMPDIR to its own folder.
const TEMPORARY = tmpdir();
const folderOf = (number: number) => path.join(TEMPORARY, `${PREFIX}-${number}`);
const allNumbers = Array.from({ length: MAX_STAGES }, (_, number) => number);

/** What a stage takes of this machine: a folder, a network and cgroups, all with its number in their name. */
export interface Machine {
  readonly network: Network;
  /** For everything that the stage keeps; removed in the end. */
  readonly folder: string;
  /** Path below each cgroup controller. */
  readonly cgroup: string;
  /** Removes everything, also what was started and not stopped. */
  remove(): void;
}

/**
 * Takes a number that no other stage has, after removing what stages left behind whose process has ended.
 *
 * @param needed programs beside those of every stage
 * @throws Problem without the rights or the programs for it
 */
export function takeMachine(needed: readonly ToolName[] = []): Machine {
  if (process.getuid?.() !== 0)
    throw new Problem(
      "A stage makes network namespaces and runs containers, for which it needs to be root",
      "Run it again with sudo",
    );
  requireTools(...[...STAGE_TOOLS, ...needed].map((name) => tools[name]));
  for (const number of allNumbers) if (isAbandoned(number)) removeStage(number);
  const taken = new Set(bridges());
  for (const number of allNumbers.filter((each) => !taken.has(each))) {
    const folder = folderOf(number);
    try {
      // Only one process can make it.
      mkdirSync(folder, { mode: 0o711 });
    } catch {
      continue;
    }
    writeFileSync(path.join(folder, "pid"), String(process.pid));
    return {
      folder,
      network: new Network(number),
      cgroup: `/${PREFIX}-${number}`,
      remove: () => removeStage(number),
    };
  }
  throw new Problem(`${MAX_STAGES} stages are running`, "End them with: npm run stage -- --down");
}

/** Ends every stage of this machine and removes what they made. @returns how many there were */
export function removeAllStages(): number {
  const found = allNumbers.filter((number) => existsSync(folderOf(number)) || bridges().includes(number));
  for (const number of found) {
    const owner = ownerOf(number);
    if (owner !== undefined && owner !== process.pid) signal(owner, "SIGKILL");
    removeStage(number);
  }
  return found.length;
}

function ownerOf(number: number): number | undefined {
  const file = path.join(folderOf(number), "pid");
  const pid = existsSync(file) ? Number(readFileSync(file, "utf8")) : Number.NaN;
  return Number.isInteger(pid) && pid > 0 && signal(pid, 0) ? pid : undefined;
}

const isAbandoned = (number: number) =>
  existsSync(path.join(folderOf(number), "pid")) && ownerOf(number) === undefined;

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

function removeStage(number: number): void {
  const folder = folderOf(number);
  const runtime = runcRoot(folder);
  if (existsSync(runtime))
    for (const id of readdirSync(runtime))
      execFileSync("runc", ["--root", runtime, "delete", "--force", id], { stdio: "ignore" });
  for (const process of processesOf(folder)) signal(process, "SIGKILL");
  removeNetwork(number);
  for (const mounted of mountsBelow(folder)) execFileSync("umount", ["--lazy", mounted]);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  removeCgroups(`${PREFIX}-${number}`);
}

/** Where the OCI runtime keeps the state of a stage's containers. */
export const runcRoot = (folder: string) => path.join(folder, "runc");

const mountsBelow = (folder: string): string[] =>
  readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((mounted) => mounted.startsWith(`${folder}/`))
    .reverse();

/** Servers of a stage that was killed: those whose environment names its folder. */
const processesOf = (folder: string): number[] =>
  readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && pid !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(`TMPDIR=${folder}\0`);
      } catch {
        return false;
      }
    });

function removeCgroups(name: string): void {
  const root = "/sys/fs/cgroup";
  if (!existsSync(root)) return;
  for (const controller of [".", ...readdirSync(root)]) {
    const group = path.join(root, controller, name);
    if (!existsSync(group)) continue;
    for (const entry of readdirSync(group, { withFileTypes: true }))
      if (entry.isDirectory()) removeEmpty(path.join(group, entry.name));
    removeEmpty(group);
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // A process is still ending in it; it holds nothing.
  }
}
