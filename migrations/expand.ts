import type { Migration } from "./files.ts";
import { splitStatements } from "./statements.ts";

/** Statements after which the previous release would fail on the new schema. */
const CONTRACTIONS: readonly [RegExp, string][] = [
  [
    /\bdrop\s+(?:table|view|function|type|schema|role|trigger|sequence)\b/,
    "drops what the previous release may use",
  ],
  [/\bdrop\s+column\b/, "drops a column that the previous release may read"],
  [/\brename\s+(?:column\s+\S+\s+)?to\b/, "renames what the previous release knows by its old name"],
  [/\balter\s+column\s+\S+\s+(?:set\s+data\s+)?type\b/, "changes the type of a column"],
  [/\balter\s+column\s+\S+\s+set\s+not\s+null\b/, "requires a value that the previous release may not write"],
  [
    /\badd\s+column\b(?:(?!,\s*(?:add|drop|alter)\b)[\s\S])*\bnot\s+null\b(?![\s\S]*\bdefault\b)/,
    "adds a required column without a default",
  ],
  [
    /\badd\s+(?:constraint\s+\S+\s+)?(?:check|unique|foreign\s+key|exclude|primary\s+key)\b(?![\s\S]*\bnot\s+valid\b)/,
    "refuses rows that the previous release may write",
  ],
  [/\brevoke\b/, "revokes a privilege that the previous release may need"],
];

/** A statement without comments and string literals, in lower case. */
const bare = (statement: string) =>
  statement
    .replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, " ")
    .replaceAll(/\$(\w*)\$[\s\S]*?\$\1\$/g, "$$$$")
    .replaceAll(/'(?:[^']|'')*'/g, "''")
    .toLowerCase();

/**
 * Why the previous release would fail after a migration; empty if a rollback is safe. A migration first expands the
 * schema; what is no longer used is dropped in a later release, in a file that says so: `-- contracts: <what, since when>`.
 */
export function contractions({ name, sql }: Pick<Migration, "name" | "sql">): string[] {
  if (/^-- contracts: \S/m.test(sql)) return [];
  return splitStatements(sql).flatMap((statement) =>
    CONTRACTIONS.filter(([pattern]) => pattern.test(bare(statement))).map(
      ([, why]) => `${name} ${why}: ${statement.replaceAll(/\s+/g, " ").slice(0, 80)}`,
    ),
  );
}
