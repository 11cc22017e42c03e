import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";

/** Folder that the modules are written to. */
export const MODULES = "dist/modules";

/** Replaces a folder by one with these files, by their paths below it. */
export function writeFiles(files: ReadonlyMap<string, string | Uint8Array>, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  for (const [name, content] of files) {
    const target = path.join(folder, name);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, content);
  }
  console.log(`wrote ${files.size} files to ${folder}`);
}
