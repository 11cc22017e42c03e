import { cost, type Figure, figure, latency, type Measure, throughput } from "./figures.ts";
import { escapeHtml, intervalText, spreadText, withUnit } from "./format.ts";
import { mark } from "./plots.ts";
import type { Results } from "./results.ts";
import type { SideKey } from "./side.ts";

/** A plot below its title and how to read it; nothing where there is nothing to plot. */
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

const said: Readonly<Record<Figure["verdict"], string>> = {
  A: "A is better",
  B: "B is better",
  alike: "alike",
  open: "no clear difference",
  "too few runs": "too few runs to say",
  "not measured": "",
};

/** Measures by section, a column for each side, and what the difference says. */
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
  return `<div class="scroll"><table class="figures"><thead><tr><th scope="col">Figure</th>${head}<th scope="col" class="number">A − B</th><th scope="col">Reading</th></tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}

/** Nothing where no side has the figure. */
function row(found: Figure, keys: readonly SideKey[]): string {
  if (found.spread.size === 0) return "";
  const cells = keys.map((key) => `<td class="number">${spreadText(found.spread.get(key), found.unit)}</td>`);
  const difference = found.difference ? intervalText(found.difference, found.unit) : "\u2013";
  return `<tr><th scope="row">${escapeHtml(found.label)}</th>${cells.join("")}<td class="number">${difference}</td><td>${said[found.verdict]}</td></tr>`;
}

/** What the figures say, in sentences that are made of them. */
export function findings(results: Results): string {
  const sentences = [
    compare(results, latency("send", 50), "A message is sent in"),
    compare(results, latency("send", 95), "Of a hundred messages the five slowest take at least"),
    compare(results, throughput.most, "Asked without a pause, the operations done in a second are"),
    compare(results, cost(1e6), "A million messages in a month cost"),
    compare(results, cost(100e6), "Of a hundred million messages in a month, a million cost"),
  ].filter((sentence) => sentence !== undefined);
  const few = results.runs.filter(({ side }) => side === "A").length < 5;
  const warning = few
    ? `<p class="findings warning"><strong>Fewer than five runs:</strong> enough to see that everything works, not to decide.</p>`
    : "";
  return `${warning}<section id="findings" class="findings"><ul>${sentences.map((sentence) => `<li>${sentence}</li>`).join("")}</ul>
<p>Read <a href="#limits">what stood in for what</a> before deciding${results.machine ? ": above all, what B was measured with" : ""}.</p></section>`;
}

function compare(results: Results, measure: Measure, begin: string): string | undefined {
  const { spread, unit, verdict } = figure(results, measure);
  const [a, b] = [spread.get("A"), spread.get("B")];
  if (!a || !b) return undefined;
  const end =
    verdict === "A" || verdict === "B"
      ? `<b>${verdict} is better</b> beyond the spread of the runs`
      : said[verdict];
  return `${begin} <b>${withUnit(a.median, unit)}</b> on A and <b>${withUnit(b.median, unit)}</b> on B: ${end}.`;
}
