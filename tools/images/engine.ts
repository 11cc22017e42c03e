import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import * as z from "zod";
import { Problem } from "../cli/problem.ts";
import { buildArguments } from "./build-arguments.ts";
import { buildah } from "./buildah.ts";
import { type ImageConfig, parseConfig } from "./image-config.ts";
import { run, runLong, works } from "./process.ts";

export const ENGINES = ["docker", "podman", "buildah"] as const;
export type EngineName = (typeof ENGINES)[number];

export interface Build {
  readonly dockerfile: string;
  readonly context: string;
  readonly tag: string;
  /** @default - none */
  readonly arguments?: Readonly<Record<string, string>>;
  /** Labels beside those of the Dockerfile. @default - none */
  readonly labels?: Readonly<Record<string, string>>;
  /** Images on this machine that take the place of base images, by the base image's name in FROM. @default - none */
  readonly replacedBases?: Readonly<Record<string, string>>;
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
  /** Shows the image's files in a folder while `use` runs. Nothing may change them. */
  withFiles<T>(tag: string, use: (folder: string) => Promise<T>): Promise<T>;
  config(tag: string): ImageConfig;
}

/** Docker and Podman have the same command line. */
function containerEngine(name: "docker" | "podman"): Engine {
  return {
    name,
    // The daemon, or Podman's storage, shares what two builds have in common.
    exclusively: (use) => use(),
    build: (build) =>
      runLong(name, [
        ...["build", "--platform", "linux/amd64"],
        ...(name === "podman" ? ["--format", "docker"] : []),
        ...buildArguments(build, name === "docker" ? "docker-image" : "container-image"),
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
    async withFiles(tag, use) {
      const folder = await mkdtemp(path.join(tmpdir(), "phenom-chat-image-"));
      try {
        this.extract(tag, folder);
        return await use(folder);
      } finally {
        await rm(folder, { recursive: true, force: true });
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
