import { execFileSync } from "node:child_process";

/** Formats it as the project's formatter does, which also checks the file. */
export const format = (file: string, markdown: string): string =>
  execFileSync("node_modules/.bin/biome", ["format", `--stdin-file-path=${file}`], {
    input: markdown,
    encoding: "utf8",
  });

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Longest run of backticks in a text. */
export const longestRun = (text: string): number =>
  Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));

/** `text` as inline code in Markdown, on one line, whatever it holds. */
export function code(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  const ticks = "`".repeat(longestRun(line) + 1);
  const pad = line.startsWith("`") || line.endsWith("`") || line === "" ? " " : "";
  return `${ticks}${pad}${line}${pad}${ticks}`;
}
