import { createHash } from "node:crypto";
import { escapeHtml } from "../ab/format.ts";
import { PRICES_CHECKED } from "../ab/prices.ts";
import { type CostChange, dollars, sumOf } from "../terraform/cost.ts";
import { differences } from "../terraform/difference.ts";
import { irreplaceableTypes } from "../terraform/irreplaceable.ts";
import { nameOf, type Plan, parsePlan } from "../terraform/plan.ts";
import type { ResourceChange } from "../terraform/plan-json.ts";
import { reasons } from "../terraform/reasons.ts";
import { standingPrices } from "../terraform/standing-costs.ts";
import { MOST_SINGLE, picture } from "./picture.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";
import { countKinds, type Kind, kindOf, kinds, sentence } from "./summary.ts";

/** Kinds whose values are open from the start. */
const OPEN: readonly Kind[] = ["lost", "destroyed", "replaced", "forgotten"];

/**
 * The page for a reviewer: one HTML file that loads nothing.
 * @param json what `terraform show -json <plan>` prints
 * @param source name of the plan, for errors
 * @param title of the page, such as the name of the environment
 * @throws Problem where the JSON is something else, or the plan failed
 */
export function page(json: string, source: string, title: string): string {
  const plan = parsePlan(json, source);
  const anchors = new Map(plan.resources.map((resource, index) => [nameOf(resource), `r${index}`]));
  const anchorOf = (address: string) => anchors.get(address) ?? "";
  const order = Object.keys(kinds);
  const sorted = plan.resources.toSorted((a, b) => order.indexOf(kindOf(a)) - order.indexOf(kindOf(b)));
  const hash = createHash("sha256").update(script).digest("base64");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'">
<title>${escapeHtml(`Plan of ${title}`)}</title>
<style>${style}</style>
</head>
<body>
<header>
<p class="soft">Plan of ${escapeHtml(title)}</p>
<h1>${escapeHtml(sentence(plan))}</h1>
<ul class="counts">${countKinds(plan)
    .map(([kind, count]) => `<li>${label(kind, `${count} ${kinds[kind].label}`)}</li>`)
    .join("")}</ul>
${costLine(plan.costs)}
</header>
<main>
${losses(plan)}
${checks(plan)}
${drawing(picture(plan, anchorOf), plan)}
${changes(sorted, plan, anchorOf)}
${others(plan)}
${costTable(plan.costs)}
</main>
<footer><p class="soft">Values that Terraform marks as sensitive are not in this file.</p></footer>
<script>${script}</script>
</body>
</html>
`;
}

const label = (kind: Kind, text: string) => `<span class="label ${kind}">${text}</span>`;

/** Inline code of Markdown as HTML. */
const inline = (markdown: string) =>
  escapeHtml(markdown).replace(/(`+) ?(.*?) ?\1/g, (_, __, text) => `<code>${text}</code>`);

function costLine(costs: ReadonlyMap<string, CostChange>): string {
  if (!costs.size) return '<p class="soft">The standing costs stay as they are.</p>';
  return `<p>Standing costs: <strong>${dollars(sumOf(costs))}</strong> a month, <a href="#cost">in detail</a>.</p>`;
}

function losses({ resources }: Plan): string {
  const lost = resources.filter((resource) => kindOf(resource) === "lost");
  if (!lost.length) return "";
  const lines = lost.map(
    (resource) =>
      `<li><code>${escapeHtml(nameOf(resource))}</code>: ${irreplaceableTypes.get(resource.type) ?? "what is in it"}</li>`,
  );
  return `<section class="panel lost"><h2>Lost for good</h2><ul>${lines.join("")}</ul></section>`;
}

function checks({ checks }: Plan): string {
  if (!checks.length) return "";
  const states = {
    fail: "fails",
    error: "ends with an error",
    unknown: "is known after the apply",
    pass: "passes",
  };
  const lines = checks.map(({ address, status, instances }) => {
    const messages = instances.flatMap(({ problems }) => problems.map(({ message }) => message));
    return `<li><code>${escapeHtml(address.to_display)}</code> ${states[status]}${messages
      .map((message) => `: ${escapeHtml(message)}`)
      .join("")}</li>`;
  });
  const failing = checks.some(({ status }) => status !== "unknown");
  return `<section class="panel ${failing ? "replaced" : ""}"><h2>Checks</h2><ul>${lines.join("")}</ul></section>`;
}

/** A large picture is closed at first, so that the list comes into sight. */
const drawing = (svg: string, { resources }: Plan) =>
  svg
    ? `<section><details${resources.length > MOST_SINGLE ? "" : " open"}><summary><strong>What it touches, and what depends on that</strong></summary>
<p class="soft">An arrow leads from a resource to one that refers to it. Dashed: not touched.</p>${svg}</details></section>`
    : "";

function changes(
  sorted: readonly ResourceChange[],
  plan: Plan,
  anchorOf: (address: string) => string,
): string {
  const boxes = countKinds(plan).map(
    ([kind, count]) =>
      `<label><input type="checkbox" value="${kind}" checked> ${kinds[kind].label} (${count})</label>`,
  );
  return `<section><h2>Changes</h2>
<form hidden role="search"><input type="search" name="search" placeholder="Search addresses and values (press /)" aria-label="Search">
${boxes.join("\n")}
<button type="button">Open or close all</button> <output class="soft"></output></form>
${sorted.map((resource) => entry(resource, kindOf(resource), anchorOf(nameOf(resource)))).join("\n")}
</section>`;
}

function entry(resource: ResourceChange, kind: Kind, id: string): string {
  const remarks = reasons(resource).map((reason) => ` <span class="soft">${inline(reason)}</span>`);
  const open = OPEN.includes(kind) ? " open" : "";
  return `<details id="${id}" data-kind="${kind}"${open}><summary>${label(kind, kinds[kind].label)}<code>${escapeHtml(
    nameOf(resource),
  )}</code>${remarks.join(",")}</summary>${values(differences(resource.change))}</details>`;
}

const SIGNS: Readonly<Record<string, string>> = { "+": "add", "-": "remove", "!": "change" };

const values = (lines: readonly string[]) =>
  lines.length
    ? `<pre>${lines.map((text) => `<span class="${SIGNS[text[0] ?? ""] ?? ""}">${escapeHtml(text)}</span>`).join("\n")}</pre>`
    : '<p class="soft">No value changes.</p>';

/** Outputs, drift and what can't be planned yet. */
function others({ outputs, exposedOutputs, drift, deferred }: Plan): string {
  const section = (title: string, items: readonly string[]) =>
    items.length ? `<section><h2>${title}</h2>${items.join("\n")}</section>` : "";
  const item = (name: string, text: string, lines: readonly string[]) =>
    `<details><summary><code>${escapeHtml(name)}</code> <span class="soft">${escapeHtml(text)}</span></summary>${values(lines)}</details>`;
  return [
    section(
      "Outputs",
      Object.entries(outputs).map(([name, change]) =>
        item(
          name,
          exposedOutputs.includes(name) ? "no longer marked as sensitive: later plans and logs show it" : "",
          differences(change, name),
        ),
      ),
    ),
    section(
      "Changed outside of Terraform",
      drift.map((resource) =>
        item(nameOf(resource), resource.change.actions.join(", "), differences(resource.change)),
      ),
    ),
    section(
      "Deferred: another plan is needed after this one",
      deferred.map(({ reason, resource }) => item(nameOf(resource), reason, differences(resource.change))),
    ),
  ].join("\n");
}

function costTable(costs: ReadonlyMap<string, CostChange>): string {
  if (!costs.size) return "";
  const rows = [...costs]
    .toSorted(([, a], [, b]) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before))
    .map(
      ([address, { before, after }]) =>
        `<tr><th scope="row"><code>${escapeHtml(address)}</code></th><td>${dollars(after - before)}</td></tr>`,
    );
  const sources = Object.values(standingPrices).map(
    ({ what, usd, unit, published, asOf }) =>
      `<li>${escapeHtml(what)}: $${usd} per ${escapeHtml(unit)} (<a href="${published}">list price</a> of ${asOf})</li>`,
  );
  return `<section id="cost"><h2>Standing costs a month</h2>
<p class="soft">List prices of us-east-1, last checked on ${PRICES_CHECKED}, for what costs the same however little it is used.
Requests, storage, traffic and logs come on top.</p>
<div class="scroll"><table><tbody>${rows.join("\n")}</tbody></table></div>
<details><summary>Prices</summary><ul>${sources.join("")}</ul></details></section>`;
}
