import { arrival, mostApps, signInTime } from "./delivery.ts";
import { cost, figure, latency, type Measure, resources, throughput } from "./figures.ts";
import { escapeHtml, spreadText } from "./format.ts";
import { mark } from "./plots.ts";
import type { Results } from "./results.ts";

/** What the decision depends on beyond the figures of this page, and where to start looking. */
const OPEN: readonly (readonly [criterion: string, why: string])[] = [
  [
    "Time until a message arrives on a phone",
    "the waiting apps were programs of the same machine: no network, no push, no screen",
  ],
  ["Battery and traffic of a phone", "needs the app on phones"],
  ["Thousands of waiting apps", "computed below, not measured"],
  [
    "Behaviour on slow and broken networks",
    "there was no network between the parts, or only the data centre's",
  ],
  ["Sign-in as people see it", "Cognito's page, and on B the functions that Cognito calls, were not there"],
  ["Time until a push notification", "neither side had a phone to wake"],
  ["End-to-end encryption", "off on A, not there on B"],
  ["Federation with other homeservers", "off on A, not there on B"],
  ["Media and link previews", "no message had any"],
  ["Work of the team to learn, run and change it", "only the team can say"],
];

const MCP = "measured through the MCP server";
const APP = "measured in the app's own protocol; on B with a stand-in that polls as Hasura's engine does";
const PRICES = "list prices times measured resources";

/** What the mobile app gets from each side, as docs/mobile.md describes it. */
const FEATURES: readonly (readonly [criterion: string, a: string, b: string])[] = [
  ["Unread counts, read receipts, typing", "yes", "none: the app keeps what it has shown"],
  ["Push notifications", "pushers; a gateway is needed", "an outbox; a function and a gateway are needed"],
  ["Reporting messages, blocking people", "yes, from the block on", "yes, earlier messages too"],
  ["Editing and deleting one's own messages", "yes", "yes"],
];

/** The criteria of the decision in one table: what was measured with its figures, and what was not as an open row. */
export function criteriaSection(results: Results): string {
  const apps = mostApps(results);
  const measured: readonly (readonly [criterion: string, measure: Measure, source: string])[] = [
    ["Sending a message", latency("send", 50), MCP],
    ["Reading a page of 50 messages", latency("read", 50), MCP],
    ["Searching", latency("search", 50), MCP],
    ["Operations per second", throughput.closedLoop, MCP],
    [`A message arrives at ${apps} waiting apps`, arrival(apps, 50), APP],
    ["Sign-in with the first page", signInTime, APP],
    ["Database storage per message", resources.database, MCP],
    ["A million messages, at a million a month", cost(1e6), PRICES],
    ["A million messages, at a hundred million a month", cost(100e6), PRICES],
  ];
  const rows = measured.map(([criterion, measure, source]) => {
    const { spread, unit } = figure(results, measure);
    if (!spread.has("A") || !spread.has("B")) return unmeasured(criterion, "not part of this measurement");
    const cells = (["A", "B"] as const).map(
      (side) => `<td class="number">${spreadText(spread.get(side), unit)}</td>`,
    );
    return `<tr><th scope="row">${escapeHtml(criterion)}</th>${cells.join("")}<td>${escapeHtml(source)}</td></tr>`;
  });
  const open = OPEN.map(([criterion, why]) => unmeasured(criterion, why));
  const features = FEATURES.map(
    ([criterion, a, b]) =>
      `<tr><th scope="row">${escapeHtml(criterion)}</th><td>${escapeHtml(a)}</td><td>${escapeHtml(b)}</td><td>docs/mobile.md</td></tr>`,
  );
  return `<section id="criteria"><h2>Criteria</h2>
<p>Fill in the open rows before deciding: none of the measured ones outweighs them by itself.</p>
<div class="scroll"><table class="criteria"><thead><tr><th scope="col">Criterion</th><th scope="col" class="number">${mark("A")} A</th><th scope="col" class="number">${mark("B")} B</th><th scope="col">Source</th></tr></thead><tbody>${rows.join("")}${features.join("")}${open.join("")}</tbody></table></div>
</section>`;
}

const unmeasured = (criterion: string, why: string) =>
  `<tr><th scope="row">${escapeHtml(criterion)}</th><td class="open" colspan="2">not measured</td><td>${escapeHtml(why)}</td></tr>`;
