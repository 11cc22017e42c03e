import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import path from "node:path";
import type { Engine } from "../images/engine.ts";
import type { ImageConfig } from "../images/image-config.ts";

/** An image on this machine. */
export interface LocalImage {
  readonly reference: string;
  /** Folder of its files, which nobody changes. */
  readonly rootFilesystem: string;
  readonly config: ImageConfig;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const FOLDER = path.resolve(".tools", "stage", "images");

/** The files and the configuration of an image, which `engine` has. Its files are unpacked once for each image id. */
export function openImage(engine: Engine, reference: string): LocalImage {
  const name = reference.replaceAll(/[^\w.-]/g, "_");
  const rootFilesystem = path.join(FOLDER, `${name}@${engine.id(reference).replace(/^sha256:/, "")}`);
  if (!existsSync(rootFilesystem)) {
    const unfinished = `${rootFilesystem}.${process.pid}`;
    mkdirSync(unfinished, { recursive: true, mode: 0o755 });
    engine.extract(reference, unfinished);
    if (existsSync(rootFilesystem)) rmSync(unfinished, { recursive: true, force: true });
    else renameSync(unfinished, rootFilesystem);
  }
  const now = new Date();
  utimesSync(rootFilesystem, now, now);
  removeUnused();
  return { reference, rootFilesystem, config: engine.config(reference) };
}

/** Removes files of images that nobody used for a day. */
function removeUnused(): void {
  for (const entry of readdirSync(FOLDER)) {
    const folder = path.join(FOLDER, entry);
    if (Date.now() - statSync(folder).mtimeMs > DAY_MS) rmSync(folder, { recursive: true, force: true });
  }
}
