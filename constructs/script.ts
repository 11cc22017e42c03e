import { readFileSync } from "node:fs";

/**
 * The text of a shell or SQL file of this repository, with `values` in place of their markers `@NAME@`. A shell file's
 * first line `#!/bin/sh` is left out, because the text is an argument of `sh -c`.
 * @param file path below the repository, which is the working directory
 * @throws Error if a marker has no value or a value has no marker
 */
export function script(file: string, values: Readonly<Record<string, string>> = {}): string {
  const used = new Set<string>();
  const text = readFileSync(file, "utf8")
    .replace(/^#!.*\n/, "")
    .replaceAll(/@([A-Z_]+)@/g, (marker, name: string) => {
      const value = values[name];
      if (value === undefined) throw new Error(`${file}: the marker ${marker} has no value`);
      used.add(name);
      return value;
    });
  const unused = Object.keys(values).filter((name) => !used.has(name));
  if (unused.length) throw new Error(`${file}: there is no marker for ${unused.join(", ")}`);
  return text;
}

/** A container's command that runs a shell script. */
export const shellCommand = (text: string): string[] => ["sh", "-c", text];
