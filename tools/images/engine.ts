import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import * as z from "zod";
import { Problem } from "../cli/problem.ts";

export const ENGINES = ["docker", "podman", "buildah"] as const;
export type EngineName = (typeof ENGINES)[number];

export interface Build {
  readonly dockerfile: string;
  readonly context: string;
  readonly tag: string;
  readonly arguments: Readonly<Record<string, string>>;
  /** Whether base images are on this machine already and must not be pulled. */
  readonly offline: boolean;
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
  build(build: Build): void;
  /** Makes an image of one layer from a folder. */
  commit(rootFilesystem: string, tag: string): void;
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

function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    env,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (error) throw new Problem(`${program} can't be run: ${error.message}`);
  if (status !== 0)
    throw new Problem(
      `${program} ${args[0]} ended with ${status}:\n${`${stdout}\n${stderr}`.trim().split("\n").slice(-40).join("\n")}`,
    );
  return stdout;
}

const works = (program: string, args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: "ignore" }).status === 0;

/** Docker and Podman have the same command line. */
function containerEngine(name: "docker" | "podman"): Engine {
  return {
    name,
    build({ dockerfile, context, tag, arguments: args, offline }) {
      run(name, [
        "build",
        ...["--platform", "linux/amd64", "--file", dockerfile, "--tag", tag],
        ...(name === "podman" ? ["--format", "docker"] : []),
        ...(offline && name === "podman" ? ["--pull=never"] : []),
        ...buildArguments(args),
        context,
      ]);
    },
    commit(rootFilesystem, tag) {
      run("sh", [
        "-c",
        'tar -C "$1" -c . | "$2" import --platform linux/amd64 - "$3"',
        "import",
        rootFilesystem,
        name,
        tag,
      ]);
    },
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
  const call = (...args: string[]) =>
    run(
      "buildah",
      ["--root", path.join(storage, "root"), "--runroot", path.join(storage, "run"), ...args],
      env,
    );
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
    build({ dockerfile, context, tag, arguments: args, offline }) {
      call(
        "bud",
        ...["--format", "docker", "--network", "host", "--layers", "--file", dockerfile, "--tag", tag],
        ...(offline ? ["--pull-never"] : []),
        ...machineConfiguration(),
        ...buildArguments(args),
        context,
      );
    },
    commit(rootFilesystem, tag) {
      const container = call("from", "scratch").trim();
      try {
        call("add", "--quiet", container, rootFilesystem, "/");
        call("commit", "--quiet", "--format", "docker", container, tag);
      } finally {
        call("rm", container);
      }
    },
    has: (tag) =>
      works("buildah", [
        "--root",
        path.join(storage, "root"),
        "--runroot",
        path.join(storage, "run"),
        "inspect",
        "--type",
        "image",
        tag,
      ]),
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

const buildArguments = (args: Readonly<Record<string, string>>) =>
  Object.entries(args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);

const npmSetting = (name: string) => run("npm", ["config", "get", name]).trim();

/** Settings of npm and pip and the trusted certificates of this machine, for the RUN steps; they stay out of the image. */
function machineConfiguration(): string[] {
  const certificates = process.env["NODE_EXTRA_CA_CERTS"];
  const files = [
    // One level lower than here, because the build's user has no settings of their own there.
    [npmSetting("userconfig"), "/usr/local/etc/npmrc"],
    [npmSetting("globalconfig"), "/usr/local/lib/node_modules/npm/npmrc"],
    ["/etc/pip.conf", "/etc/pip.conf"],
    ...(certificates ? [[certificates, "/etc/ssl/certs/ca-certificates.crt"]] : []),
  ];
  return files.flatMap(([from, to]) => (from && existsSync(from) ? ["--volume", `${from}:${to}:ro`] : []));
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
