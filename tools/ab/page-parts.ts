import { costTurn } from "./cost.ts";
import { arrival, mostApps, signInTime } from "./delivery.ts";
import { cost, demandOf, type Figure, figure, latency, type Measure, throughput } from "./figures.ts";
import { escapeHtml, intervalText, significant, spreadText, withUnit } from "./format.ts";
import { mark } from "./plots.ts";
import type { Results } from "./results.ts";
import type { SideKey } from "./side.ts";

/** A plot below its title and how to read it; empty without a plot. */
export const captioned = (title: string, plot: string, reading: string): string =>
  plot === ""
    ? ""
    : `<figure><figcaption><strong>${escapeHtml(title)}.</strong> ${escapeHtml(reading)}</figcaption><div class="scroll">${plot}</div></figure>`;

export const legend = ({ sides }: Results): string =>
  `<ul class="legend">${sides
    .map(
      ({ key, name }) =>
        `<li>${mark(key)} <b>${key}</b> ${escapeHtml(name)}${key === "C" ? " (for reference)" : ""}</li>`,
    )
    .join("")}</ul>`;

const verdictText: Readonly<Record<Figure["verdict"], string>> = {
  A: "A ahead",
  B: "B ahead",
  equal: "equal",
  unclear: "no clear difference",
  "too few runs": "too few runs",
  "not measured": "",
};

/** Measures by section, with a column for each side, the difference and the verdict. */
export function table(
  results: Results,
  sections: readonly (readonly [string, readonly Measure[]])[],
): string {
  const keys = results.sides.map(({ key }) => key);
  const head = keys.map((key) => `<th scope="col" class="number">${mark(key)} ${key}</th>`).join("");
  const body = sections.map(([title, measures]) => {
    const rows = measures.map((measure) => row(figure(results, measure), keys)).join("");
    return rows === ""
      ? ""
      : `<tr class="section"><th colspan="${keys.length + 3}" scope="colgroup">${escapeHtml(title)}</th></tr>${rows}`;
  });
  return `<div class="scroll"><table class="figures"><thead><tr><th scope="col">Figure</th>${head}<th scope="col" class="number">A − B</th><th scope="col">Result</th></tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}

/** Empty if no side has the figure. */
function row(found: Figure, keys: readonly SideKey[]): string {
  if (found.spread.size === 0) return "";
  const cells = keys.map((key) => `<td class="number">${spreadText(found.spread.get(key), found.unit)}</td>`);
  const difference = found.difference ? intervalText(found.difference, found.unit) : "\u2013";
  return `<tr><th scope="row">${escapeHtml(found.label)}</th>${cells.join("")}<td class="number">${difference}</td><td>${verdictText[found.verdict]}</td></tr>`;
}

/** The fewest runs of each side from which a side may be called ahead. */
const ENOUGH_RUNS = 5;

/** How far the figures carry, and why no further. */
export function confidence(results: Results): string {
  const { sides, runs, machine } = results;
  const apps = mostApps(results);
  const few = runs.filter(({ side }) => side === "A").length < ENOUGH_RUNS;
  const stoodIn = sides
    .filter(({ key, standIns }) => key !== "C" && standIns.length > 0)
    .map(({ key }) => key);
  const reasons = [
    ...(few
      ? ["<strong>Fewer than five runs:</strong> enough to see that everything works, too few to decide"]
      : []),
    ...(stoodIn.length ? [`parts of ${stoodIn.join(" and ")} were stand-ins`] : []),
    ...(machine ? ["all parts shared one machine"] : []),
    apps > 0
      ? `the app's own protocols carried only messages and sign-ins of up to ${apps} apps`
      : "the app's own protocols carried no load",
  ];
  const level = few || stoodIn.length ? "low" : "medium";
  return `<section id="confidence" class="findings warning"><p><strong>Confidence: ${level}.</strong> ${reasons.join("; ")}.</p></section>`;
}

/** The main figures in sentences that say no more than what was compared. */
export function findings(results: Results): string {
  const apps = mostApps(results);
  const list = (introduction: string, sentences: readonly (string | undefined)[]) => {
    const items = sentences.flatMap((sentence) => (sentence === undefined ? [] : [`<li>${sentence}</li>`]));
    return items.length > 0 ? `<p>${introduction}</p><ul>${items.join("")}</ul>` : "";
  };
  const stoodIn = results.sides.some(({ key, standIns }) => key !== "C" && standIns.length > 0);
  const standIns = stoodIn ? ', with <a href="#limits">the stand-ins above</a>' : "";
  return `<section id="findings" class="findings">${list(`Through the MCP server${standIns}:`, [
    compare(results, latency("send", 50), "Sending a message takes"),
    compare(results, latency("send", 95), "The slowest 5 % of messages take at least"),
    compare(results, throughput.closedLoop, "In a closed loop, operations per second are"),
    compare(results, cost(1e6), "At a million messages per month, a million costs"),
    compare(results, cost(100e6), "At a hundred million messages per month, a million costs"),
    turn(results),
  ])}${list(`In the app's own protocol${standIns}:`, [
    compare(results, arrival(apps, 50), `A message reaches ${apps} waiting apps in a median of`),
    compare(results, signInTime, "A sign-in with the first page takes"),
  ])}</section>`;
}

function compare(results: Results, measure: Measure, start: string): string | undefined {
  const { spread, unit, verdict } = figure(results, measure);
  const [a, b] = [spread.get("A"), spread.get("B")];
  if (!a || !b) return undefined;
  const end =
    verdict === "A" || verdict === "B"
      ? `${verdict} ahead, beyond the spread of the runs`
      : verdictText[verdict];
  return `${start} <b>${withUnit(a.median, unit)}</b> on A and <b>${withUnit(b.median, unit)}</b> on B: ${end}.`;
}

/** At which volume the cheaper side changes. */
function turn({ runs }: Results): string | undefined {
  const of = (key: SideKey) => runs.flatMap((run) => (run.side === key ? (demandOf(run) ?? []) : []));
  const found = costTurn(of("A"), of("B"));
  if (found === undefined) return undefined;
  const { cheaper, volume } = found;
  return volume === undefined
    ? `By the medians, ${cheaper} costs less at every volume up to a billion messages per month.`
    : `By the medians, ${cheaper} costs less up to <b>${significant(volume)}</b> messages per month, and the other side beyond.`;
}
