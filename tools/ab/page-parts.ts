import { cost, type Figure, figure, latency, type Measure, throughput } from "./figures.ts";
import { escapeHtml, intervalText, spreadText, withUnit } from "./format.ts";
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
  A: "A is better",
  B: "B is better",
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

/** The main figures in sentences. */
export function findings(results: Results): string {
  const sentences = [
    compare(results, latency("send", 50), "Sending a message takes"),
    compare(results, latency("send", 95), "The slowest 5 % of messages take at least"),
    compare(results, throughput.closedLoop, "In a closed loop, operations per second are"),
    compare(results, cost(1e6), "At a million messages per month, a million costs"),
    compare(results, cost(100e6), "At a hundred million messages per month, a million costs"),
  ].filter((sentence) => sentence !== undefined);
  const few = results.runs.filter(({ side }) => side === "A").length < 5;
  const warning = few
    ? `<p class="findings warning"><strong>Fewer than five runs:</strong> enough to see that everything works, too few to decide.</p>`
    : "";
  return `${warning}<section id="findings" class="findings"><ul>${sentences.map((sentence) => `<li>${sentence}</li>`).join("")}</ul>
<p>Read <a href="#limits">what was a stand-in</a> before deciding${results.machine ? ", above all on B" : ""}.</p></section>`;
}

function compare(results: Results, measure: Measure, start: string): string | undefined {
  const { spread, unit, verdict } = figure(results, measure);
  const [a, b] = [spread.get("A"), spread.get("B")];
  if (!a || !b) return undefined;
  const end =
    verdict === "A" || verdict === "B"
      ? `<b>${verdict} is better</b>, beyond the spread of the runs`
      : verdictText[verdict];
  return `${start} <b>${withUnit(a.median, unit)}</b> on A and <b>${withUnit(b.median, unit)}</b> on B: ${end}.`;
}
