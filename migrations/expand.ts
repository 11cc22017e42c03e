import type { Migration } from "./files.ts";
import { splitStatements } from "./statements.ts";

/** What the release before would miss, or trip over, on the new schema. */
const CONTRACTIONS: readonly [RegExp, string][] = [
  [
    /\bdrop\s+(?:table|view|function|type|schema|role|trigger|sequence)\b/,
    "drops what the release before may use",
  ],
  [/\bdrop\s+column\b/, "drops a column that the release before may read"],
  [/\brename\s+(?:column\s+\S+\s+)?to\b/, "renames what the release before knows by its old name"],
  [/\balter\s+column\s+\S+\s+(?:set\s+data\s+)?type\b/, "changes the type of a column"],
  [/\balter\s+column\s+\S+\s+set\s+not\s+null\b/, "demands a value that the release before may not write"],
  [
    /\badd\s+column\b(?:(?!,\s*(?:add|drop|alter)\b)[\s\S])*\bnot\s+null\b(?![\s\S]*\bdefault\b)/,
    "adds a column that must be written and has no default",
  ],
  [
    /\badd\s+(?:constraint\s+\S+\s+)?(?:check|unique|foreign\s+key|exclude|primary\s+key)\b(?![\s\S]*\bnot\s+valid\b)/,
    "refuses rows that the release before may write",
  ],
  [/\brevoke\b/, "takes a right that the release before may need"],
];

/** Text without comments and string literals, in lower case, for a look at its statements. */
const bare = (statement: string) =>
  statement
    .replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, " ")
    .replaceAll(/\$(\w*)\$[\s\S]*?\$\1\$/g, "$$$$")
    .replaceAll(/'(?:[^']|'')*'/g, "''")
    .toLowerCase();

/**
 * Why the code of the release before would not run after a migration; empty where a rollback is safe. Schema changes
 * expand first; what is no longer used goes in a later release, in a file that says so: `-- contracts: <what, since when>`.
 */
export function contractions({ name, sql }: Pick<Migration, "name" | "sql">): string[] {
  if (/^-- contracts: \S/m.test(sql)) return [];
  return splitStatements(sql).flatMap((statement) =>
    CONTRACTIONS.filter(([pattern]) => pattern.test(bare(statement))).map(
      ([, why]) => `${name} ${why}: ${statement.replaceAll(/\s+/g, " ").slice(0, 80)}`,
    ),
  );
}
