import { readdir, readFile } from "node:fs/promises";

/** Resources that a process and its descendants have used. */
export interface Usage {
  readonly cpuSeconds: number;
  /** Proportional set size: counts shared pages once. */
  readonly memoryMiB: number;
}

/** Linux counts CPU time in hundredths of a second. */
const TICKS = 100;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

/** Usage of each process tree, by the process id of its root. */
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

/** `undefined` if the process has exited. */
async function readStat(pid: string): Promise<Stat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  // After the name, which may contain spaces and brackets: state, parent, ..., utime, stime, cutime, cstime (14 to 17).
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { pid: Number(pid), parent: Number(fields[1]), ticks: sum(fields.slice(11, 15).map(Number)) };
}

async function proportionalKiB(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0);
}

/** CPU seconds of the whole machine since it booted. */
export async function machineCpuSeconds(): Promise<number> {
  const [line = ""] = (await readFile("/proc/stat", "utf8")).split("\n", 1);
  // user, nice, system, idle, iowait, irq, softirq
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / TICKS;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
