import { type Zippable, zipSync } from "fflate";
import { entryOptions } from "../build/zip.ts";

/** A zip of files by path. The same files give the same bytes. */
export function archive(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const entries: Zippable = {};
  for (const name of [...files.keys()].sort()) {
    const content = files.get(name);
    if (content) entries[name] = [content, entryOptions];
  }
  return zipSync(entries);
}
