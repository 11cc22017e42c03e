import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { membersOf } from "../json.ts";
import {
  blocksOf,
  type ConfigurationFile,
  declarations,
  hclFiles,
  jsonFiles,
  writeJson,
} from "./configuration.ts";

/** What Terraform itself leaves in a folder. */
const terraformFiles =
  /^(\.terraform|\.terraform\.lock\.hcl|.*\.tfstate(\..*)?|\.terraform\.tfstate\.lock\.info)$/;

/** Folders above the configuration whose neighbours can be reached by relative paths. */
const LEVELS = 4;

export interface WorkingCopy {
  /** Folder of the whole copy, to be removed. */
  readonly root: string;
  /** Folder of the configuration. */
  readonly folder: string;
}

/** The folder and those above it, the outermost first. */
function ancestors(folder: string, levels: number): string[] {
  const parent = path.dirname(folder);
  return levels === 0 || parent === folder ? [] : [...ancestors(parent, levels - 1), folder];
}

function linkNeighbours(original: string, copy: string): void {
  const parent = path.dirname(original);
  if (parent === path.dirname(parent)) return;
  for (const name of readdirSync(parent).filter((name) => name !== path.basename(original)))
    try {
      symlinkSync(path.join(parent, name), path.join(copy, name));
    } catch {
      // A name that can't be linked isn't needed.
    }
}

/** Whether a file of the configuration, or of a module in its folder, names a path that leads out of its own folder. */
const namesFilesOutside = (folder: string): boolean =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tf(\.json)?$/.test(name))
    .some((name) => readFileSync(path.join(folder, name), "utf8").includes("../"));

/**
 * Copies a configuration. Where it names files outside, the copy lies as deep as the folder does, with links to its
 * neighbours and to those of the folders above it, so that relative paths lead to the same files. The neighbours may be
 * thousands, as in a folder for temporary files.
 */
export function copyConfiguration(folder: string): WorkingCopy {
  const root = mkdtempSync(path.join(tmpdir(), "terraform-offline-"));
  let copy = root;
  const linked = namesFilesOutside(folder);
  for (const original of ancestors(folder, LEVELS)) {
    if (linked) linkNeighbours(original, copy);
    copy = path.join(copy, path.basename(original));
    mkdirSync(copy);
  }
  cpSync(folder, copy, {
    recursive: true,
    dereference: true,
    filter: (source) => source === folder || !terraformFiles.test(path.basename(source)),
  });
  return { root, folder: copy };
}

/** Outputs of remote states, by the name of the data source. */
export type RemoteOutputs = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** The backends that the run's own state replaces, each as a note. */
function backendsOf({ document }: ConfigurationFile): string[] {
  return blocksOf(document.terraform).flatMap((block) =>
    ["backend", "cloud"]
      .filter((name) => block[name] !== undefined)
      .map((name) => `${name} ${Object.keys(membersOf(block[name]))[0] ?? ""} replaced by a state in memory`),
  );
}

/** Lets everything be destroyed, and runs no program of the configuration. */
function allowDestroy({ document }: ConfigurationFile): string[] {
  const bodies = declarations(document, "resource").flatMap(({ body }) => blocksOf(body));
  const prevented = bodies
    .flatMap(({ lifecycle }) => blocksOf(lifecycle))
    .filter((lifecycle) => lifecycle.prevent_destroy);
  for (const lifecycle of prevented) delete lifecycle.prevent_destroy;
  const provisioned = bodies.filter((body) => body.provisioner);
  for (const body of provisioned) delete body.provisioner;
  return [
    ...prevented.map(() => "prevent_destroy taken off"),
    ...provisioned.map(() => "provisioners taken off"),
  ];
}

type OutputType = string | ["tuple", OutputType[]] | ["object", Record<string, OutputType>];

function typeOf(value: unknown): OutputType {
  if (typeof value === "number") return "number";
  if (typeof value === "boolean") return "bool";
  if (Array.isArray(value)) return ["tuple", value.map(typeOf)];
  if (typeof value !== "object" || value === null) return "string";
  return [
    "object",
    Object.fromEntries(Object.entries(value).map(([name, member]) => [name, typeOf(member)])),
  ];
}

/** Lets `terraform_remote_state` data read the given outputs. */
function useRemoteOutputs({ document }: ConfigurationFile, folder: string, remote: RemoteOutputs): string[] {
  return declarations(document, "data")
    .filter(({ type }) => type === "terraform_remote_state")
    .flatMap(({ name, body }) => {
      const given = Object.hasOwn(remote, name) ? remote[name] : undefined;
      if (!given) return [];
      const file = path.join(folder, `remote-${name}.tfstate`);
      const outputs = Object.entries(given).map(([output, value]) => [
        output,
        { value, type: typeOf(value) },
      ]);
      writeFileSync(
        file,
        JSON.stringify({
          version: 4,
          terraform_version: "1.0.0",
          serial: 1,
          lineage: "terraform-offline",
          outputs: Object.fromEntries(outputs),
          resources: [],
        }),
      );
      for (const block of blocksOf(body)) Object.assign(block, { backend: "local", config: { path: file } });
      return [`remote state ${name} taken from --remote-outputs`];
    });
}

/**
 * Makes a copied configuration fit to be applied and destroyed here.
 * @returns what was changed
 */
export function prepareConfiguration(folder: string, remote: RemoteOutputs): string[] {
  const notes: string[] = [];
  for (const configuration of jsonFiles(folder)) {
    const changes = [...allowDestroy(configuration), ...useRemoteOutputs(configuration, folder, remote)];
    if (changes.length) writeJson(configuration);
    notes.push(...backendsOf(configuration), ...changes);
  }
  if (hclFiles(folder).some((text) => /\bbackend\s+"|^\s*cloud\s*\{/m.test(text)))
    notes.push("backend replaced by a state in memory");
  return [...new Set(notes)];
}
