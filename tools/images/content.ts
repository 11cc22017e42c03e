import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { IMAGE_PROGRAMS_FOLDER } from "../build/bundle-options.ts";
import { type ImageDefinition, images } from "./catalog.ts";

/** Hexadecimal digits of a content tag. */
const DIGITS = 20;

/**
 * Folders whose files go into an image. For the MCP server these are the bundles, so that a changed test or comment does
 * not change the image.
 */
const contents: Readonly<Record<ImageDefinition["name"], string>> = {
  mcp: IMAGE_PROGRAMS_FOLDER,
  synapse: images.synapse.context,
};

/**
 * The tag that names an image by what goes into it: its Dockerfile, which pins the base images, and its files. Two
 * commits with the same tag have the same image, so a deployment rolls nothing. The bundles must be written before.
 */
export function contentTag(image: ImageDefinition): string {
  const hash = createHash("sha256");
  const add = (file: string) => hash.update(`${file}\0`).update(readFileSync(file)).update("\0");
  add(image.dockerfile);
  for (const file of filesOf(image)) if (file !== image.dockerfile) add(file);
  return `content-${hash.digest("hex").slice(0, DIGITS)}`;
}

function filesOf(image: ImageDefinition): string[] {
  const folder = contents[image.name];
  if (folder !== image.context)
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort();
  return execFileSync("git", ["ls-files", "-z", folder], { encoding: "utf8" })
    .split("\0")
    .filter((file) => file !== "" && !file.endsWith(".test.ts"))
    .sort();
}
