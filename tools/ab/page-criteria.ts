import { cost, figure, latency, type Measure, resources, throughput } from "./figures.ts";
import { escapeHtml, spreadText } from "./format.ts";
import { mark } from "./plots.ts";
import type { Results } from "./results.ts";

/** What the decision depends on beyond the figures of this page, and where to start looking. */
const OPEN: readonly (readonly [criterion: string, why: string])[] = [
  [
    "Time until a message arrives on a waiting phone",
    "the app waits on /sync or on a subscription, which nothing here did",
  ],
  ["Battery and traffic of a phone", "needs the app on phones"],
  [
    "Load of many waiting clients",
    "/sync and subscriptions cost differently, and grow with the people who are online",
  ],
  ["The app's own requests", "all operations went through the MCP server"],
  [
    "Behaviour on slow and broken networks",
    "there was no network between the parts, or only the data centre's",
  ],
  ["Sign-in", "tokens were there before the measurement"],
  ["Push notifications", "neither side had a phone to wake"],
  ["End-to-end encryption", "off on A, not there on B"],
  ["Federation with other homeservers", "off on A, not there on B"],
  ["Media and link previews", "no message had any"],
  ["Work of the team to learn, run and change it", "only the team can say"],
];

/** The criteria of the decision in one table: what was measured with its figures, and what was not as an open row. */
export function criteriaSection(results: Results): string {
  const measured: readonly (readonly [string, Measure])[] = [
    ["Sending a message", latency("send", 50)],
    ["Reading a page of 50 messages", latency("read", 50)],
    ["Searching", latency("search", 50)],
    ["Operations per second", throughput.closedLoop],
    ["Database storage per message", resources.database],
    ["A million messages, at a million a month", cost(1e6)],
    ["A million messages, at a hundred million a month", cost(100e6)],
  ];
  const rows = measured.flatMap(([criterion, measure]) => {
    const { spread, unit } = figure(results, measure);
    const cells = (["A", "B"] as const).map(
      (side) => `<td class="number">${spreadText(spread.get(side), unit)}</td>`,
    );
    return spread.has("A") && spread.has("B")
      ? [`<tr><th scope="row">${escapeHtml(criterion)}</th>${cells.join("")}<td>${source(measure)}</td></tr>`]
      : [];
  });
  const open = OPEN.map(
    ([criterion, why]) =>
      `<tr><th scope="row">${escapeHtml(criterion)}</th><td class="open" colspan="2">not measured</td><td>${escapeHtml(why)}</td></tr>`,
  );
  return `<section id="criteria"><h2>Criteria</h2>
<p>Fill in the open rows before deciding: none of the measured ones outweighs them by itself.</p>
<div class="scroll"><table class="criteria"><thead><tr><th scope="col">Criterion</th><th scope="col" class="number">${mark("A")} A</th><th scope="col" class="number">${mark("B")} B</th><th scope="col">Source</th></tr></thead><tbody>${rows.join("")}${open.join("")}</tbody></table></div>
</section>`;
}

const source = ({ unit }: Measure) =>
  unit === "usd" ? "list prices times measured resources" : "measured through the MCP server";
