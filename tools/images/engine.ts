import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { Problem } from "../cli/problem.ts";

export const ENGINES = ["docker", "podman", "buildah"] as const;
export type EngineName = (typeof ENGINES)[number];

export interface Build {
  readonly dockerfile: string;
  readonly context: string;
  readonly tag: string;
  readonly arguments: Readonly<Record<string, string>>;
  /** Images on this machine that take the place of base images, by the base image's name in FROM. */
  readonly replacedBases: Readonly<Record<string, string>>;
}

/** What an image says about the process that it starts. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: readonly string[];
  readonly user: string;
  readonly workingDirectory: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Paths that the image declares as volumes. */
  readonly volumes: readonly string[];
}

/** A program that builds images, and gives an image's file system and configuration. */
export interface Engine {
  readonly name: EngineName;
  /** Lets one process at a time make images here, so that two never make the same layer. */
  exclusively<T>(use: () => Promise<T>): Promise<T>;
  build(build: Build): Promise<void>;
  has(tag: string): boolean;
  /** Changes whenever the image does. */
  id(tag: string): string;
  /** Writes the image's files into an empty folder. */
  extract(tag: string, folder: string): void;
  config(tag: string): ImageConfig;
}

const ociConfig = z.object({
  Entrypoint: z.array(z.string()).nullish(),
  Cmd: z.array(z.string()).nullish(),
  Env: z.array(z.string()).nullish(),
  User: z.string().nullish(),
  WorkingDir: z.string().nullish(),
  Labels: z.record(z.string(), z.string()).nullish(),
  Volumes: z.record(z.string(), z.unknown()).nullish(),
});

function parseConfig(json: unknown): ImageConfig {
  const config = ociConfig.parse(json);
  return {
    entrypoint: config.Entrypoint ?? [],
    command: config.Cmd ?? [],
    environment: config.Env ?? [],
    user: config.User ?? "",
    workingDirectory: config.WorkingDir || "/",
    labels: config.Labels ?? {},
    volumes: Object.keys(config.Volumes ?? {}),
  };
}

/** @returns what the program wrote to stdout. @throws Problem with the end of its output, where it fails */
function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    env,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (error) throw new Problem(`${program} can't be run: ${error.message}`);
  if (status !== 0) throw failure(program, args, status, stdout + stderr);
  return stdout;
}

/** As {@link run}, for programs that take long. */
async function runLong(program: string, args: readonly string[], env = process.env): Promise<void> {
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "close").catch((error: Error) => {
    throw new Problem(`${program} can't be run: ${error.message}`);
  });
  const [[status], ...output] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  if (status !== 0) throw failure(program, args, status, output.join(""));
}

function failure(program: string, args: readonly string[], status: number | null, output: string): Problem {
  const end = output.trim().split("\n").slice(-40).join("\n");
  return new Problem(`${program} ${args[0]} ended with ${status}:\n${end}`);
}

const works = (program: string, args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: "ignore" }).status === 0;

/** Docker and Podman have the same command line. */
function containerEngine(name: "docker" | "podman"): Engine {
  return {
    name,
    // The daemon, or Podman's storage, shares what two builds have in common.
    exclusively: (use) => use(),
    build: ({ dockerfile, context, tag, arguments: args, replacedBases }) =>
      runLong(name, [
        "build",
        ...["--platform", "linux/amd64", "--file", dockerfile, "--tag", tag],
        ...(name === "podman" ? ["--format", "docker"] : []),
        ...replacements(replacedBases, name === "docker" ? "docker-image" : "container-image"),
        ...buildArguments(args),
        context,
      ]),
    has: (tag) => works(name, ["image", "inspect", tag]),
    id: (tag) => run(name, ["image", "inspect", "--format", "{{.Id}}", tag]).trim(),
    extract(tag, folder) {
      const container = run(name, ["create", "--platform", "linux/amd64", tag, "none"]).trim();
      try {
        run("sh", ["-c", '"$1" export "$2" | tar -x -C "$3"', "extract", name, container, folder]);
      } finally {
        run(name, ["rm", container]);
      }
    },
    config: (tag) =>
      parseConfig(
        z
          .array(z.object({ Config: z.unknown() }))
          .min(1)
          .parse(JSON.parse(run(name, ["image", "inspect", tag])))[0]?.Config,
      ),
  };
}

/** Buildah without a daemon, its images below `.tools/images`. Isolation by chroot needs no cgroups. */
function buildah(): Engine {
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
    build: ({ dockerfile, context, tag, arguments: args, replacedBases }) =>
      runLong(
        "buildah",
        [
          ...inStorage,
          "bud",
          ...["--format", "docker", "--network", "host", "--layers", "--file", dockerfile, "--tag", tag],
          ...replacements(replacedBases, "container-image"),
          ...machineConfiguration(),
          ...buildArguments(args),
          context,
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

const buildArguments = (args: Readonly<Record<string, string>>) =>
  Object.entries(args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);

const replacements = (bases: Readonly<Record<string, string>>, transport: string) =>
  Object.entries(bases).flatMap(([base, tag]) => ["--build-context", `${base}=${transport}://${tag}`]);

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
    [npmSetting("cache"), "/root/.npm", "rw"],
    [uvCache, "/root/.cache/uv", "rw"],
    [certificates, "/etc/ssl/certs/ca-certificates.crt", "ro"],
  ];
  return files.flatMap(([from, to, mode]) =>
    from && existsSync(from) ? ["--volume", `${from}:${to}:${mode}`] : [],
  );
}

/**
 * The engine to build with: the one named, else the first that works of Docker, Podman and Buildah.
 *
 * @throws Problem with what to install, where none works
 */
export function chooseEngine(wanted?: EngineName): Engine {
  const working: Readonly<Record<EngineName, () => boolean>> = {
    docker: () => works("docker", ["info"]),
    podman: () => works("podman", ["info"]),
    buildah: () => works("buildah", ["--version"]),
  };
  const name = wanted ?? ENGINES.find((engine) => working[engine]());
  if (!name || !working[name]())
    throw new Problem(
      wanted ? `${wanted} does not work here` : `None of ${ENGINES.join(", ")} works here`,
      "Start Docker or Podman, or run: npm run setup -- --only image-tools",
    );
  return name === "buildah" ? buildah() : containerEngine(name);
}
