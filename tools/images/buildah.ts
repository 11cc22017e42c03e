import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import * as z from "zod";
import { Problem } from "../cli/problem.ts";
import { buildArguments } from "./build-arguments.ts";
import type { Engine } from "./engine.ts";
import { parseConfig } from "./image-config.ts";
import { run, runLong, works } from "./process.ts";

/** Buildah without a daemon, its images below `.tools/images`. Isolation by chroot needs no cgroups. */
export function buildah(): Engine {
  const storage = path.resolve(".tools", "images");
  mkdirSync(storage, { recursive: true });
  const env = { ...process.env, BUILDAH_ISOLATION: "chroot" };
  const inStorage = ["--root", path.join(storage, "root"), "--runroot", path.join(storage, "run")];
  const call = (...args: string[]) => run("buildah", [...inStorage, ...args], env);
  const withContainer = <T>(tag: string, use: (container: string) => T): T => {
    const container = call("from", "--pull-never", tag).trim();
    try {
      return use(container);
    } finally {
      call("rm", container);
    }
  };
  return {
    name: "buildah",
    exclusively: (use) => withLock(path.join(storage, "lock"), use),
    build: (build) =>
      runLong(
        "buildah",
        [
          ...inStorage,
          ...["bud", "--format", "docker", "--network", "host", "--layers"],
          ...machineConfiguration(),
          ...buildArguments(build, "container-image"),
        ],
        env,
      ),
    has: (tag) => works("buildah", [...inStorage, "inspect", "--type", "image", tag]),
    id: (tag) => call("inspect", "--type", "image", "--format", "{{.FromImageID}}", tag).trim(),
    extract: (tag, folder) =>
      withContainer(tag, (container) => {
        const mounted = call("mount", container).trim();
        run("sh", ["-c", 'tar -C "$1" -c . | tar -x -C "$2"', "extract", mounted, folder]);
        call("umount", container);
      }),
    async withFiles(tag, use) {
      const container = call("from", "--pull-never", tag).trim();
      try {
        return await use(call("mount", container).trim());
      } finally {
        call("rm", container);
      }
    },
    config: (tag) =>
      parseConfig(
        z
          .object({ Docker: z.object({ config: z.unknown() }) })
          .parse(JSON.parse(call("inspect", "--type", "image", tag))).Docker.config,
      ),
  };
}

/** Waits for a file's lock. The holder ends with this process, so no lock is left behind. */
async function withLock<T>(file: string, use: () => Promise<T>): Promise<T> {
  const holder = spawn("flock", [file, "sh", "-c", "echo held; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(holder, "exit");
  await Promise.race([once(holder.stdout, "data"), exited]);
  if (holder.exitCode !== null) throw new Problem(`flock can't lock ${file}`);
  try {
    return await use();
  } finally {
    holder.stdin.end();
    await exited;
  }
}

const npmSetting = (name: string) => run("npm", ["config", "get", name]).trim();

/**
 * Settings and caches of npm and pip and the trusted certificates of this machine, for the RUN steps; they stay out of
 * the image. What the caches give is verified by the lock file's and the registry's checksums.
 */
function machineConfiguration(): string[] {
  const certificates = process.env["NODE_EXTRA_CA_CERTS"];
  const uvCache = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "uv");
  const files = [
    // One level lower than here, because the build's user has no settings of their own there.
    [npmSetting("userconfig"), "/usr/local/etc/npmrc", "ro"],
    [npmSetting("globalconfig"), "/usr/local/lib/node_modules/npm/npmrc", "ro"],
    ["/etc/pip.conf", "/etc/pip.conf", "ro"],
    // Where the stand-ins look for them.
    [npmSetting("cache"), "/var/cache/npm", "rw"],
    [uvCache, "/var/cache/uv", "rw"],
    [certificates, "/etc/ssl/certs/ca-certificates.crt", "ro"],
  ];
  return files.flatMap(([from, to, mode]) =>
    from && existsSync(from) ? ["--volume", `${from}:${to}:${mode}`] : [],
  );
}
