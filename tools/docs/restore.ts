import { readFile } from "node:fs/promises";
import { readRestore } from "../restore/record.ts";
import { between } from "./generated-part.ts";
import { format, table } from "./markdown.ts";

const RUNBOOK = "docs/runbook.md";

/** The runbook, with what the last rehearsal of the restores took and found. */
export async function runbook(): Promise<Record<string, string>> {
  const { date, cores, timings, findings } = await readRestore();
  const paragraphs = [
    `On ${date}, on ${cores} cores, with some dozen messages and files:`,
    table(
      ["step", "took"],
      timings.map(({ label, seconds }) => [label, `${seconds.toFixed(1)} s`]),
    ),
    ["```text", ...findings, "```"].join("\n"),
  ];
  const page = await readFile(RUNBOOK, "utf8");
  return { [RUNBOOK]: format(RUNBOOK, between(page, paragraphs.join("\n\n"), RUNBOOK)) };
}
