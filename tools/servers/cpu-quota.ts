import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";

const ROOT = "/sys/fs/cgroup";
const PERIOD_US = 100_000;
let made = 0;

/** A cgroup whose processes share a part of one core, as the containers of a task on Fargate do. */
export interface CpuQuota {
  /** Words to put before a command, so that it runs with the quota from its first instruction on. */
  readonly wrapper: readonly string[];
  remove(): void;
}

/** @throws Error without the right to make a cgroup */
export function cpuQuota(cores: number): CpuQuota {
  const isVersion2 = existsSync(path.join(ROOT, "cgroup.controllers"));
  const parent = isVersion2 ? ROOT : path.join(ROOT, "cpu");
  const group = path.join(parent, `phenom-quota-${process.pid}-${++made}`);
  const quota = String(Math.round(cores * PERIOD_US));
  if (isVersion2) writeFileSync(path.join(ROOT, "cgroup.subtree_control"), "+cpu");
  mkdirSync(group);
  const write = (file: string, text: string) => writeFileSync(path.join(group, file), text);
  if (isVersion2) write("cpu.max", `${quota} ${PERIOD_US}`);
  else {
    write("cpu.cfs_period_us", String(PERIOD_US));
    write("cpu.cfs_quota_us", quota);
  }
  return {
    wrapper: ["/bin/sh", "-c", 'echo $$ > "$0" && exec "$@"', path.join(group, "cgroup.procs")],
    remove: () => rmdirSync(group),
  };
}
