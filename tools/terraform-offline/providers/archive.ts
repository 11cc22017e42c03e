import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { zipSync } from "fflate";
import { Diagnostic } from "../plugin/diagnostic.ts";
import { blocksOf, isKnown, listOf, type Values } from "../plugin/value.ts";
import { computedFrom, type Provider } from "./provider.ts";

/** The earliest date that a ZIP can hold, in local time: equal files give an equal archive. */
const epoch = new Date(1980, 0, 1);

/** Every file below the folder, by its path from there, sorted. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();

const globPatterns: Readonly<Record<string, string>> = { "**/": ".*", "**": ".*", "*": "[^/]*", "?": "[^/]" };

/** A pattern of `excludes`. One that names a folder covers what is in it. */
const pattern = (glob: string) =>
  new RegExp(
    `^${glob.replace(/\*\*\/?|[.+^${}()|[\]\\*?]/g, (part) => globPatterns[part] ?? `\\${part}`)}(/.*)?$`,
  );

function contents(config: Values, folder: string): Record<string, Uint8Array> {
  const { source_dir, source_file, source_content, source_content_filename } = config;
  const excluded = listOf(config.excludes).map((glob) => pattern(String(glob)));
  const files: Record<string, Uint8Array> = {};
  const add = (name: unknown, text: unknown) => {
    files[String(name)] = Buffer.from(String(text));
  };
  try {
    if (isKnown(source_dir)) {
      const directory = path.resolve(folder, String(source_dir));
      for (const file of filesIn(directory))
        if (!excluded.some((exclude) => exclude.test(file)))
          files[file] = readFileSync(path.join(directory, file));
    }
    if (isKnown(source_file)) {
      const file = path.resolve(folder, String(source_file));
      files[path.basename(file)] = readFileSync(file);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    throw new Diagnostic("Archive creation error", `error creating archive: ${reason}`);
  }
  if (isKnown(source_content)) add(source_content_filename, source_content);
  for (const { filename, content } of blocksOf(config.source)) add(filename, content);
  return files;
}

export const archive: Provider = {
  computed: () => computedFrom({}),
  dataSource(_type, config, { run }) {
    if (config.type !== "zip")
      throw new Diagnostic(`archive type ${JSON.stringify(config.type)} is not served`, 'Only "zip" is.', [
        "type",
      ]);
    const files = contents(config, run.folder);
    if (!Object.keys(files).length)
      throw new Diagnostic(
        "Archive creation error",
        "one of source_dir, source_file, source_content or source must name something to put in the archive",
      );
    const archived = zipSync(files, { mtime: epoch });
    const output = path.resolve(run.folder, String(config.output_path));
    mkdirSync(path.dirname(output), { recursive: true });
    writeFileSync(output, archived);
    const hash = (algorithm: string, encoding: "hex" | "base64") =>
      createHash(algorithm).update(archived).digest(encoding);
    return computedFrom({
      id: hash("sha1", "hex"),
      output_size: archived.length,
      output_sha: hash("sha1", "hex"),
      output_sha256: hash("sha256", "hex"),
      output_sha512: hash("sha512", "hex"),
      output_md5: hash("md5", "hex"),
      output_base64sha256: hash("sha256", "base64"),
      output_base64sha512: hash("sha512", "base64"),
    });
  },
};
