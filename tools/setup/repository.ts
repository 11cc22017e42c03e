import { existsSync } from "node:fs";
import path from "node:path";

function above(folder: string): string {
  if (existsSync(path.join(folder, "package.json"))) return folder;
  const parent = path.dirname(folder);
  if (parent === folder) throw new Error(`no package.json in any folder above ${import.meta.dirname}`);
  return above(parent);
}

/** Folder of the repository, whatever the current folder is, and also for bundles, which are in another folder. */
export const REPOSITORY_FOLDER: string = above(import.meta.dirname);
