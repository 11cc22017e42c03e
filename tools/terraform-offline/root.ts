import { existsSync } from "node:fs";
import path from "node:path";

function repository(folder: string): string {
  if (existsSync(path.join(folder, "package.json"))) return folder;
  const parent = path.dirname(folder);
  if (parent === folder) throw new Error(`no package.json in any folder above ${import.meta.dirname}`);
  return repository(parent);
}

/** Folder of the schemas and protocol files, also for the bundle of this program, which lies in another folder. */
export const FOLDER = path.join(repository(import.meta.dirname), "tools/terraform-offline");
