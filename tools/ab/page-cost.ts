import {
  assumptions,
  type CostItem,
  linkPreviewsPerMillion,
  messagesPerSecondOf,
  monthlyCost,
  total,
} from "./cost.ts";
import { cost, demandOf, figure, idleCost, millions, volumes } from "./figures.ts";
import { escapeHtml, significant, spreadText } from "./format.ts";
import { captioned, table } from "./page-parts.ts";
import { dotPlot, mark } from "./plots.ts";
import { PRICES_CHECKED, type Price, prices, REGION } from "./prices.ts";
import type { Results, Run } from "./results.ts";
import type { SideKey } from "./side.ts";
import { spread } from "./statistics.ts";

/** Messages in a month for which the costs are told one by one. */
const SHOWN = 1_000_000;

export function costSection(results: Results): string {
  const body = results.runs.some((run) => demandOf(run) !== undefined)
    ? costs(results)
    : "<p>Without CPU and storage no cost of a message can be told: measure on one machine for it.</p>";
  return `<section id="cost"><h2>What it costs</h2>${body}${priceTable()}</section>`;
}

function costs(results: Results): string {
  const { utilisation, pageFill, keptMonths, mediaGb, previewSeconds } = assumptions;
  const title = "Cost of a million messages, with their reads and moderation";
  const plot = dotPlot({
    title,
    rows: volumes.map((messages) => ({
      label: `at ${millions(messages)} a month`,
      bySide: figure(results, cost(messages)).bySide,
    })),
    unit: "usd",
    scale: "log",
  });
  return `<p>List prices times what was measured. At few messages the tasks that wait cost most; at many, what a message
needs.</p>
${captioned(title, plot, "US dollars, by how many messages a month has. One mark for each run; further left is better. Logarithmic scale.")}
${table(results, [
  ["A million messages", volumes.map(cost)],
  ["Standing", [idleCost]],
])}
<h3>A month with ${millions(SHOWN)} messages, item by item</h3>
${itemTable(results)}
<h3>What these figures assume</h3>
<ul>
<li>A core of this machine does as much as a virtual CPU of Fargate or RDS, and the messages come evenly through the
month; tasks and database are loaded to ${utilisation * 100} % of their CPU, as the MCP server's scaling holds it.</li>
<li>Tasks have the sizes of production and always run: ${capacity(results)}</li>
<li>RDS instance, load balancer, Cognito, Hasura's engine and the network exist anyway, for the platform: of RDS and of
the engine only the share of CPU that a message uses is counted, of the others nothing that stands. The engine's CPU is
the stand-in's.</li>
<li>Messages are kept ${keptMonths} months, in pages that are filled to ${pageFill * 100} %; media on A are ${mediaGb} GB. Backups are not
counted, nor the logs of PostgreSQL and of Hasura's engine.</li>
<li>Previews of links are Synapse's own on A. On B a million of them cost about
$${significant(linkPreviewsPerMillion())} (HTTP API and a function of ${previewSeconds} s); the workload had none.</li>
</ul>`;
}

function itemTable({ runs, sides }: Results): string {
  const keys = sides.map(({ key }) => key);
  const bySide = new Map(keys.map((key) => [key, itemsOf(runs, key)]));
  const labels = [...new Set(keys.flatMap((key) => [...(bySide.get(key)?.keys() ?? [])]))];
  const cells = (values: (key: SideKey) => readonly number[] | undefined) =>
    keys.map((key) => `<td class="number">${spreadText(spread(values(key) ?? []), "usd")}</td>`).join("");
  const rows = labels.map(
    (label) =>
      `<tr><th scope="row">${escapeHtml(label)}</th>${cells((key) => bySide.get(key)?.get(label))}</tr>`,
  );
  const sums = (key: SideKey) => demands(runs, key).map((demand) => total(monthlyCost(demand, SHOWN)));
  return `<div class="scroll"><table class="items"><thead><tr><th scope="col">Item</th>${keys.map((key) => `<th scope="col" class="number">${mark(key)} ${key}</th>`).join("")}</tr></thead><tbody>${rows.join("")}<tr class="section"><th scope="row">Together</th>${cells(sums)}</tr></tbody></table></div>`;
}

const demands = (runs: readonly Run[], side: SideKey) =>
  runs.flatMap((run) => (run.side === side ? (demandOf(run) ?? []) : []));

/** US dollars of each item, run by run. */
function itemsOf(runs: readonly Run[], side: SideKey): Map<CostItem["label"], number[]> {
  const items = new Map<string, number[]>();
  for (const demand of demands(runs, side))
    for (const { label, usd } of monthlyCost(demand, SHOWN))
      items.set(label, [...(items.get(label) ?? []), usd]);
  return items;
}

/** How far one task of the production size reaches, by what was measured. */
function capacity({ runs }: Results): string {
  const reach = (side: SideKey, part: "synapse" | "mcp") =>
    spread(
      demands(runs, side).flatMap(({ cpuSeconds }) => {
        const seconds = cpuSeconds[part];
        return seconds === undefined ? [] : [messagesPerSecondOf(part, seconds)];
      }),
    );
  const sentences = (
    [
      ["A", "synapse", "Synapse's task"],
      ["A", "mcp", "the MCP server's on A"],
      ["B", "mcp", "the MCP server's on B"],
    ] as const
  ).flatMap(([side, part, what]) => {
    const found = reach(side, part);
    return found ? [`${what} reaches ${significant(found.median)} messages a second`] : [];
  });
  return `${sentences.join(", ")}, with their reads. Synapse's main process cannot be doubled; beyond that it needs a larger task or workers, which is priced here as so many times the task.`;
}

function priceTable(): string {
  const rows = Object.values<Price>(prices).map(
    ({ what, usd, unit, published, readAt, asOf, note }) =>
      `<tr><th scope="row">${escapeHtml(what)}${note === undefined ? "" : `<br><small>${escapeHtml(note)}</small>`}</th><td class="number">$${usd}</td><td>${escapeHtml(unit)}</td><td>${asOf}</td><td><a href="${escapeHtml(published)}">published</a>, <a href="${escapeHtml(readAt)}">read</a></td></tr>`,
  );
  return `<h3>Prices, ${REGION}, looked through on ${PRICES_CHECKED}</h3>
<div class="scroll"><table class="prices"><thead><tr><th scope="col">What</th><th scope="col" class="number">US dollars</th><th scope="col">for one</th><th scope="col">as of</th><th scope="col">Where</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}
