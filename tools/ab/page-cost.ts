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

/** Messages per month for which the costs are itemised. */
const SHOWN = 1_000_000;

export function costSection(results: Results): string {
  const body = results.runs.some((run) => demandOf(run) !== undefined)
    ? costs(results)
    : "<p>The cost of a message follows from CPU and storage, which are only measured on one machine.</p>";
  return `<section id="cost"><h2>Cost</h2>${body}${priceTable()}</section>`;
}

function costs(results: Results): string {
  const { utilisation, pageFill, retentionMonths, mediaGb, previewSeconds } = assumptions;
  const title = "Cost of a million messages, with their reads and moderation";
  const plot = dotPlot({
    title,
    rows: volumes.map((messages) => ({
      label: `at ${millions(messages)} per month`,
      bySide: figure(results, cost(messages)).bySide,
    })),
    unit: "usd",
    scale: "log",
  });
  return `<p>List prices times measured resources. With few messages idle tasks dominate the cost; with many, the resources of
each message.</p>
${captioned(title, plot, "US dollars, by messages per month. One mark per run; further left is better. Logarithmic scale.")}
${table(results, [
  ["A million messages", volumes.map(cost)],
  ["Idle", [idleCost]],
])}
<h3>A month with ${millions(SHOWN)} messages, itemised</h3>
${itemTable(results)}
<h3>What these figures assume</h3>
<ul>
<li>A core of this machine equals a virtual CPU of Fargate or RDS. Messages are spread evenly over the month. Tasks and
database run at ${utilisation * 100} % CPU, the target of the MCP server's scaling policy.</li>
<li>Tasks have the sizes of production and run all the time. ${capacity(results)}</li>
<li>RDS instance, load balancer, Cognito and the network serve both sides: of RDS only the share of CPU that a message uses is
counted. Hasura's engine counts as one task of Synapse's size that runs all the time, although the platform shares it; its
CPU is the stand-in's.</li>
<li>Messages are kept for ${retentionMonths} months, in pages that are ${pageFill * 100} % full; media on A take ${mediaGb} GB. Backups and the logs of
PostgreSQL and Hasura's engine are not counted.</li>
<li>On A, Synapse makes link previews itself. On B, a million of them cost about
$${significant(linkPreviewsPerMillion())} (HTTP API and a function that runs ${previewSeconds} s). The workload had none.</li>
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
  return `<div class="scroll"><table class="items"><thead><tr><th scope="col">Item</th>${keys.map((key) => `<th scope="col" class="number">${mark(key)} ${key}</th>`).join("")}</tr></thead><tbody>${rows.join("")}<tr class="section"><th scope="row">Total</th>${cells(sums)}</tr></tbody></table></div>`;
}

const demands = (runs: readonly Run[], side: SideKey) =>
  runs.flatMap((run) => (run.side === side ? (demandOf(run) ?? []) : []));

/** US dollars of each item, one value per run. */
function itemsOf(runs: readonly Run[], side: SideKey): Map<CostItem["label"], number[]> {
  const items = new Map<string, number[]>();
  for (const demand of demands(runs, side))
    for (const { label, usd } of monthlyCost(demand, SHOWN))
      items.set(label, [...(items.get(label) ?? []), usd]);
  return items;
}

/** Messages per second that one task of the production size handles. */
function capacity({ runs }: Results): string {
  const perSecond = (side: SideKey, part: "synapse" | "mcp") =>
    spread(
      demands(runs, side).flatMap(({ cpuSeconds }) => {
        const seconds = cpuSeconds[part];
        return seconds === undefined ? [] : [messagesPerSecondOf(part, seconds)];
      }),
    );
  const sentences = (
    [
      ["A", "synapse", "the Synapse task"],
      ["A", "mcp", "the MCP server task on A"],
      ["B", "mcp", "the MCP server task on B"],
    ] as const
  ).flatMap(([side, part, what]) => {
    const found = perSecond(side, part);
    return found ? [`${what}: ${significant(found.median)}`] : [];
  });
  return `Messages per second, with their reads, that one task handles: ${sentences.join("; ")}. Synapse's main process cannot be replicated; beyond that it needs a larger task or workers, which are priced here as multiples of the task.`;
}

function priceTable(): string {
  const rows = Object.values<Price>(prices).map(
    ({ what, usd, unit, published, readAt, asOf, note }) =>
      `<tr><th scope="row">${escapeHtml(what)}${note === undefined ? "" : `<br><small>${escapeHtml(note)}</small>`}</th><td class="number">$${usd}</td><td>${escapeHtml(unit)}</td><td>${asOf}</td><td><a href="${escapeHtml(published)}">published</a>, <a href="${escapeHtml(readAt)}">read</a></td></tr>`,
  );
  return `<h3>Prices in ${REGION}, checked on ${PRICES_CHECKED}</h3>
<div class="scroll"><table class="prices"><thead><tr><th scope="col">What</th><th scope="col" class="number">US dollars</th><th scope="col">per</th><th scope="col">as of</th><th scope="col">Source</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}
