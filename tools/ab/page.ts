import {
  cost,
  errors,
  figure,
  groups,
  idleCost,
  latencies,
  latency,
  type Measure,
  resources,
  stepOf,
  throughput,
  volumes,
} from "./figures.ts";
import { escapeHtml } from "./format.ts";
import { capacitySection } from "./page-capacity.ts";
import { costSection } from "./page-cost.ts";
import { criteriaSection } from "./page-criteria.ts";
import { deliverySection } from "./page-delivery.ts";
import { limitsSection, methodSection } from "./page-method.ts";
import { captioned, confidence, findings, legend, table } from "./page-parts.ts";
import { type Curve, dotPlot, quantilePlot } from "./plots.ts";
import type { Results } from "./results.ts";
import { style } from "./style.ts";

/** The page for the decision: one self-contained file. */
export function page(results: Results): string {
  const title = "Matrix or Hasura: the same chat on both, measured";
  const day = results.startedAt.slice(0, 10);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p class="soft">Measured on <time datetime="${results.startedAt}">${day}</time>, release ${escapeHtml(results.release)}, ${setting(results)}.</p>
${legend(results)}
</header>
<main>
${confidence(results)}
${limitsSection(results)}
${findings(results)}
${criteriaSection(results)}
${summarySection(results)}
${deliverySection(results)}
${latencySection(results)}
${throughputSection(results)}
${resourceSection(results)}
${costSection(results)}
${capacitySection(results)}
${methodSection(results)}
</main>
</body>
</html>
`;
}

function setting({ workload, runs, machine, minutes }: Results): string {
  const each = runs.filter(({ side }) => side === "A").length;
  const where = machine ? "one after the other on one machine" : "on deployed environments";
  const took =
    minutes < 1
      ? "less than a minute"
      : `${Math.round(minutes)} ${Math.round(minutes) === 1 ? "minute" : "minutes"}`;
  return `${each} ${each === 1 ? "run" : "runs"} of each in ${took}, ${where}, ${workload.messagesPerSecond} messages per second with ${workload.readsPerMessage} reads each`;
}

const percents = [50, 95, 99] as const;

function summarySection(results: Results): string {
  const rows: [string, readonly Measure[]][] = [
    ["Latency", ["send", "read", "search"].flatMap((group) => [latency(group, 50), latency(group, 95)])],
    ["Capacity", [throughput.closedLoop, throughput.closedLoopMessages]],
    ["Errors", [errors.openLoop, errors.closedLoop, errors.missing]],
    ["Resources", [resources.cpu, resources.memory, resources.database, resources.logs]],
    ["Cost", [...volumes.map(cost), idleCost]],
  ];
  return `<section id="summary"><h2>Summary</h2>
<p>Median of the runs, with minimum and maximum in brackets. A − B is the median difference between consecutive runs, with
its 95 % confidence interval; a side is called ahead only if the whole interval lies on one side of zero.</p>
${table(results, rows)}
</section>`;
}

function latencySection(results: Results): string {
  const names = Object.keys(groups);
  const rows: [string, readonly Measure[]][] = names.map((group) => [
    groups[group]?.label ?? group,
    percents.map((percent) => latency(group, percent)),
  ]);
  const plots = ([50, 95] as const).map((percent) => {
    const title = `Latency in the open loop, ${percent === 50 ? "median" : `${percent}th percentile`}`;
    const rows = names.map((group) => ({
      label: groups[group]?.label ?? group,
      bySide: figure(results, latency(group, percent)).bySide,
    }));
    const plot = dotPlot({ title, rows, unit: "ms", scale: "log" });
    const share = percent === 50 ? "Half of the operations" : `${percent} % of the operations`;
    return captioned(
      title,
      plot,
      `${share} took no longer than this. One mark per run, the line is their median; further left is better. Logarithmic scale.`,
    );
  });
  const curves = (kind: "send" | "read") =>
    results.runs.flatMap((run) => {
      const step = stepOf(run, "steady");
      return step ? [{ side: run.side, values: latencies(step, [kind]) }] : [];
    });
  return `<section id="latency"><h2>Latency</h2>
<p>In the open loop, from when an operation was due until its response: if the server stalls, the operations that wait
count as well. Failed operations are left out here and counted under errors. A percentile is shown if a run has at least
one operation beyond it.</p>
${plots.join("")}
${distribution("Time to send a message", curves("send"))}
${distribution("Time to read a page of 50 messages", curves("read"))}
${table(results, rows)}
</section>`;
}

const distribution = (title: string, curves: readonly Curve[]) =>
  captioned(
    title,
    quantilePlot(title, curves),
    "Share of operations that finished within a time: one line per run, the slowest operations at its upper end. Further left is better. Both scales give room to the tail.",
  );

function throughputSection(results: Results): string {
  const { saturation } = results.workload;
  const measures = [throughput.closedLoop, throughput.closedLoopMessages, throughput.openLoop];
  const labels = ["Closed loop", "of which messages", "Open loop"];
  const title = "Operations per second";
  const rows = measures.map((measure, index) => ({
    label: labels[index] ?? measure.label,
    bySide: figure(results, measure).bySide,
  }));
  const plot = dotPlot({ title, rows, unit: "perSecond", scale: "linear" });
  const how =
    saturation.seconds > 0
      ? `In the closed loop, ${saturation.callers} callers each started the next operation as soon as the last had finished, for ${saturation.seconds} seconds, with the same mix of operations.`
      : "There was no closed loop, so the maximum throughput was not measured.";
  return `<section id="throughput"><h2>Throughput and errors</h2>
<p>${how} In the open loop all sides reach the set rate unless they fall behind.</p>
${captioned(title, plot, "One mark per run, the line is their median; further right is better.")}
${table(results, [
  ["Throughput", measures],
  ["Errors", Object.values(errors)],
])}
${errorTable(results)}
</section>`;
}

/** Failed operations by side, kind and error code. */
function errorTable({ runs, sides }: Results): string {
  const counts = new Map<string, number>();
  for (const { side, steps } of runs)
    for (const { samples } of steps)
      for (const [kind, , , error] of samples)
        if (error !== null) {
          const what = `${side}\u0000${kind}\u0000${error}`;
          counts.set(what, (counts.get(what) ?? 0) + 1);
        }
  if (counts.size === 0) return "<p>No operation failed in any run.</p>";
  const rows = [...counts].sort().map(([what, count]) => {
    const [side = "", kind = "", error = ""] = what.split("\u0000");
    const name = sides.find(({ key }) => key === side)?.name ?? side;
    return `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(kind)}</td><td><code>${escapeHtml(error)}</code></td><td class="number">${count}</td></tr>`;
  });
  return `<h3>Failed operations of all runs</h3><div class="scroll"><table class="failures"><thead><tr><th scope="col">Side</th><th scope="col">Operation</th><th scope="col">Code</th><th scope="col" class="number">Count</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

function resourceSection(results: Results): string {
  if (results.runs.every(({ steps }) => steps.every(({ used }) => used === null)))
    return `<section id="resources"><h2>Resources</h2><p>The processes ran elsewhere, so their CPU, memory and
storage were not measured here: see the dashboard of the environment.</p></section>`;
  const { cpu, mcp, synapse, graphql, postgres, ...others } = resources;
  const title = "CPU time per message, by process";
  const plot = dotPlot({
    title,
    rows: [cpu, mcp, synapse, graphql, postgres].map((measure) => ({
      label: measure === cpu ? "All processes" : measure.label.replace("of which ", ""),
      bySide: figure(results, measure).bySide,
    })),
    unit: "ms",
    scale: "linear",
  });
  return `<section id="resources"><h2>Resources</h2>
<p>In the open loop, divided by the messages that were sent: the share of a message includes its reads, searches and
moderation, and background work.</p>
${captioned(title, plot, "One mark per run, the line is their median; further left is better.")}
${table(results, [
  ["CPU", [cpu, mcp, synapse, graphql, postgres]],
  ["Memory and storage", Object.values(others)],
])}
</section>`;
}
