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
import { costSection } from "./page-cost.ts";
import { methodSection } from "./page-method.ts";
import { captioned, findings, legend, table } from "./page-parts.ts";
import { type Curve, dotPlot, quantilePlot } from "./plots.ts";
import type { Results } from "./results.ts";
import { style } from "./style.ts";

/** The page on which somebody decides: one file that asks nothing of any other. */
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
${findings(results)}
${summarySection(results)}
${latencySection(results)}
${throughputSection(results)}
${resourceSection(results)}
${costSection(results)}
${methodSection(results)}
</main>
</body>
</html>
`;
}

function setting({ workload, runs, machine }: Results): string {
  const each = runs.filter(({ side }) => side === "A").length;
  const where = machine ? "all on one machine, one after the other" : "on deployed environments";
  return `${each} ${each === 1 ? "run" : "runs"} of each, ${where}, ${workload.messagesPerSecond} messages a second with ${workload.readsPerMessage} reads each`;
}

const percents = [50, 95, 99] as const;

function summarySection(results: Results): string {
  const rows: [string, readonly Measure[]][] = [
    ["Waiting", ["send", "read", "search"].flatMap((group) => [latency(group, 50), latency(group, 95)])],
    ["Capacity", [throughput.most, throughput.mostMessages]],
    ["Errors", [errors.atSetRate, errors.withoutPause, errors.missing]],
    ["Resources", [resources.cpu, resources.memory, resources.database, resources.logs]],
    ["Cost", [...volumes.map(cost), idleCost]],
  ];
  return `<section id="summary"><h2>At a glance</h2>
<p>Median of the runs, and in brackets from the least to the most. A − B is the median difference between runs that
followed one another, with its 95 % interval; who is better is said only where the whole interval is on one side.</p>
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
    const title = `Latency at the set rate, ${percent === 50 ? "median" : `${percent}th percentile`}`;
    const rows = names.map((group) => ({
      label: groups[group]?.label ?? group,
      bySide: figure(results, latency(group, percent)).bySide,
    }));
    const plot = dotPlot({ title, rows, unit: "ms", scale: "log" });
    const share = percent === 50 ? "Half of the operations" : `${percent} of a hundred operations`;
    return captioned(
      title,
      plot,
      `${share} took no longer than this. One mark for each run, the stroke is their median; further left is better. Logarithmic scale.`,
    );
  });
  const curves = (kind: "send" | "read") =>
    results.runs.flatMap((run) => {
      const step = stepOf(run, "steady");
      return step ? [{ side: run.side, values: latencies(step, [kind]) }] : [];
    });
  return `<section id="latency"><h2>How long people wait</h2>
<p>At the set rate, from the moment an operation was due to its answer: if the server stalls, what waits behind counts.
What failed is left out here and counted under errors. A percentile is told where a run has at least one operation
beyond it.</p>
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
    "How many of a hundred were done within a time: one line for each run, the slowest at its upper end. Further left is better. Both scales give the tail room.",
  );

function throughputSection(results: Results): string {
  const { saturation } = results.workload;
  const measures = [throughput.most, throughput.mostMessages, throughput.atSetRate];
  const labels = ["Without a pause", "of these, messages", "At the set rate"];
  const title = "Operations done in a second";
  const rows = measures.map((measure, index) => ({
    label: labels[index] ?? measure.label,
    bySide: figure(results, measure).bySide,
  }));
  const plot = dotPlot({ title, rows, unit: "perSecond", scale: "linear" });
  const how =
    saturation.seconds > 0
      ? `${saturation.callers} callers asked for ${saturation.seconds} seconds, each anew as soon as it had its answer, in the same mixture of operations.`
      : "It was not asked without a pause: what is the most that can be done was not measured.";
  return `<section id="throughput"><h2>How much can be done, and what fails</h2>
<p>${how} At the set rate both do what they are asked unless they fall behind.</p>
${captioned(title, plot, "One mark for each run, the stroke is their median; further right is better.")}
${table(results, [
  ["Throughput", measures],
  ["Errors", Object.values(errors)],
])}
${errorTable(results)}
</section>`;
}

/** What went wrong, by its code. */
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
  return `<h3>What failed, over all runs</h3><div class="scroll"><table class="failures"><thead><tr><th scope="col">Side</th><th scope="col">Operation</th><th scope="col">Code</th><th scope="col" class="number">Times</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

function resourceSection(results: Results): string {
  if (results.runs.every(({ steps }) => steps.every(({ used }) => used === null)))
    return `<section id="resources"><h2>What it uses</h2><p>The processes ran elsewhere, so their CPU, memory and
storage were not measured here: the dashboard of the environment has them.</p></section>`;
  const { cpu, mcp, synapse, graphql, postgres, ...others } = resources;
  const title = "CPU time for a message, by process";
  const plot = dotPlot({
    title,
    rows: [cpu, mcp, synapse, graphql, postgres].map((measure) => ({
      label: measure === cpu ? "All processes" : measure.label.replace("of these, ", ""),
      bySide: figure(results, measure).bySide,
    })),
    unit: "ms",
    scale: "linear",
  });
  return `<section id="resources"><h2>What it uses</h2>
<p>At the set rate, divided by the messages that were sent: the reads, searches and moderation that came with a message
are in its share, and so is what runs in the background.</p>
${captioned(title, plot, "One mark for each run, the stroke is their median; further left is better.")}
${table(results, [
  ["CPU", [cpu, mcp, synapse, graphql, postgres]],
  ["Memory and storage", Object.values(others)],
])}
</section>`;
}
