import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Migration {
  /** The number at the start of the file's name: order and primary key of the records. */
  readonly version: number;
  /** The file's name without its extension, such as `001-chat-schema`. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, in hexadecimal. */
  readonly checksum: string;
}

/**
 * Reads every `NNN-name.sql` in order.
 *
 * @param directory @default - `migrations/` in the working directory
 * @throws Error if two files share a number, or a name has none
 */
export function readMigrations(directory = join(process.cwd(), "migrations")): Migration[] {
  const files = readdirSync(directory).filter((file) => file.endsWith(".sql"));
  return orderMigrations(
    files.map((file) => ({
      name: file.slice(0, -".sql".length),
      sql: readFileSync(join(directory, file), "utf8"),
    })),
  );
}

/** Sorts migrations by number and adds their checksums. */
export function orderMigrations(files: readonly { name: string; sql: string }[]): Migration[] {
  const migrations = files
    .map(({ name, sql }) => {
      const [, digits] = /^(\d{3})-[a-z0-9-]+$/.exec(name) ?? [];
      if (digits === undefined) {
        throw new Error(`migration "${name}": a name has the form 001-what-it-does (lower case, digits, -)`);
      }
      return {
        version: Number(digits),
        name,
        sql,
        checksum: createHash("sha256").update(sql).digest("hex"),
      };
    })
    .sort((a, b) => a.version - b.version);
  for (const [index, migration] of migrations.entries()) {
    const before = migrations[index - 1];
    if (before?.version === migration.version) {
      throw new Error(
        `migrations "${before.name}" and "${migration.name}" share a number: renumber the newer`,
      );
    }
  }
  return migrations;
}
