import { readFile } from "node:fs/promises";
import { capacitySections } from "../ab/capacity-tables.ts";
import { intervalText, significant, spreadText } from "../ab/format.ts";
import { type AbRecord, readRecord } from "../ab/record.ts";
import { between } from "./generated-part.ts";
import { format, table } from "./markdown.ts";

const AB_PAGE = "docs/ab.md";
const CAPACITY_PAGE = "docs/capacity.md";

/** The pages that quote what `npm run ab -- --record` measured last, by file. */
export async function abPages(): Promise<Record<string, string>> {
  const recorded = await readRecord();
  const page = await readFile(AB_PAGE, "utf8");
  return {
    [AB_PAGE]: format(AB_PAGE, between(page, example(recorded).join("\n\n"), AB_PAGE)),
    [CAPACITY_PAGE]: format(CAPACITY_PAGE, capacity(recorded)),
  };
}

const setting = ({ date, release, runs, cores, load }: AbRecord) =>
  `${runs} ${runs === 1 ? "run" : "runs"} of each side on ${cores ?? "?"} cores, release ${release}, ${date}; the load average before a run was ${significant(load)}`;

const minutesText = (minutes: number) => `${significant(minutes)} minutes`;

/** The figures of the record in a table. */
function example(recorded: AbRecord): string[] {
  const { minutes, quickMinutes, figures } = recorded;
  const quick = quickMinutes === null ? "" : `, and with \`--quick\` ${minutesText(quickMinutes)}`;
  return [
    `${setting(recorded)}. It took ${minutesText(minutes)}${quick}. Median of the runs (minimum–maximum):`,
    table(
      ["figure", "A, Synapse", "B, Hasura Lite", "C, without GraphQL", "A − B [95 %]"],
      figures.map(({ label, unit, sides, difference }) => [
        label,
        ...(["A", "B", "C"] as const).map((side) => spreadText(sides[side], unit)),
        difference ? intervalText(difference, unit) : "",
      ]),
    ),
  ];
}

function capacity(recorded: AbRecord): string {
  return [
    "<!-- Written from docs/ab.json by `npm run docs`; do not edit. -->",
    "# Growth, on paper",
    `What both implementations need for more people, computed from what single operations cost (\`tools/ab/capacity.ts\`). Nobody ran these sizes. The costs come from [\`npm run ab\`](ab.md): ${setting(recorded)}.`,
    ...capacitySections(recorded.costs, recorded.checks).flatMap(({ heading, text, head, rows }) => [
      `## ${heading}`,
      text,
      table(head, rows),
    ]),
    "",
  ].join("\n\n");
}
