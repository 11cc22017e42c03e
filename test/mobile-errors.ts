import { readFileSync } from "node:fs";

/** The rows of the table of errors in docs/mobile.md: what the app gets, as `401 M_UNKNOWN_TOKEN`, and when. */
export function documentedErrors(): string[] {
  const [, table = ""] =
    /## Errors\n([\s\S]*?)(?=\n## |$)/.exec(readFileSync("docs/mobile.md", "utf8")) ?? [];
  return table
    .split("\n")
    .filter((line) => /^\| \d{3}/.test(line))
    .map((line) =>
      line
        .split("|")
        .slice(1, 3)
        .map((cell) => cell.replaceAll("`", "").trim())
        .join(": "),
    );
}
