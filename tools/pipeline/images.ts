import { execFileSync } from "node:child_process";
import { Problem } from "../cli/problem.ts";
import { type ImageDefinition, type ImageName, imageNames, images } from "../images/catalog.ts";
import { contentTag } from "../images/content.ts";
import { chooseEngine } from "../images/engine.ts";
import { writeSbom } from "../images/sbom.ts";
import type { ImageTags } from "./inputs.ts";

const DIGEST = /^sha256:[0-9a-f]{64}$/;

const docker = (...args: string[]): string =>
  execFileSync("docker", args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();

/** The digest of an image in the registry; `undefined` where there is none of that name. */
function digestOf(reference: string): string | undefined {
  let digest: string;
  try {
    digest = execFileSync(
      "docker",
      ["buildx", "imagetools", "inspect", "--format", "{{.Manifest.Digest}}", reference],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      },
    ).trim();
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    if (/not found/i.test(said)) return undefined;
    throw new Problem(`docker can't inspect ${reference}: ${said.trim()}`, "Is the registry logged in to?");
  }
  if (DIGEST.test(digest)) return digest;
  throw new Problem(`docker names no digest of ${reference}, but "${digest}".`);
}

const byName = <T>(value: (image: ImageDefinition, name: ImageName) => T) => ({
  synapse: value(images.synapse, "synapse"),
  mcp: value(images.mcp, "mcp"),
});

/** Builds each image under the tag that its content gives it. @returns their references */
export function buildImages(): ImageTags {
  const references = byName((image) => `${image.repository}:${contentTag(image)}`);
  for (const name of imageNames) {
    const tag = references[name].slice(images[name].repository.length + 1);
    execFileSync(
      "npm",
      ["run", "--silent", "images", "--", "--only", name, "--engine", "docker", "--tag", tag, "--sbom"],
      {
        stdio: "inherit",
      },
    );
  }
  return references;
}

/**
 * Pushes what {@link buildImages} has built, except what the registry has already: an image is never replaced by another
 * one with the same content.
 * @returns their tags with digests
 */
export const pushImages = (): ImageTags =>
  byName((image) => {
    const tag = contentTag(image);
    const reference = `${image.repository}:${tag}`;
    if (digestOf(reference) === undefined) docker("push", reference);
    return `${tag}@${digestOf(reference)}`;
  });

/** Pulls images by digest. @returns their tags with digests @throws Problem where one was never pushed */
export const pullImages = (tags: ImageTags): ImageTags =>
  byName(({ repository }, name) => {
    const reference = `${repository}:${tags[name]}`;
    const digest = digestOf(reference);
    if (digest === undefined)
      throw new Problem(`There is no image ${reference}.`, "Tag a commit of main whose deployment is green.");
    docker("pull", "--platform", "linux/amd64", `${reference}@${digest}`);
    return `${tags[name]}@${digest}`;
  });

/** Writes the software bill of materials of each image that was pulled. */
export async function listPackages(tags: ImageTags): Promise<void> {
  const engine = chooseEngine("docker");
  for (const name of imageNames) console.log(await writeSbom(engine, images[name], tags[name]));
}

/** Gives images, which are named with their digests, the name of a release. */
export function nameImages(tags: ImageTags, version: string): void {
  for (const name of imageNames) {
    const { repository } = images[name];
    const [, digest = ""] = tags[name].split("@");
    if (!DIGEST.test(digest)) throw new Problem(`IMAGE_TAGS names no digest of ${name}.`);
    docker("buildx", "imagetools", "create", "--tag", `${repository}:${version}`, `${repository}@${digest}`);
  }
}

export const referencesOf = (tags: ImageTags): ImageTags =>
  byName(({ repository }, name) => `${repository}:${tags[name]}`);
