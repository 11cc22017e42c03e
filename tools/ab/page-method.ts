import { mostApps } from "./delivery.ts";
import { stepOf } from "./figures.ts";
import { escapeHtml, significant, withUnit } from "./format.ts";
import type { Results, Run } from "./results.ts";

/** What was measured, what stood in for something else, and what was not measured at all. */
export function limitsSection(results: Results): string {
  const { sides, machine } = results;
  const apps = mostApps(results);
  const standIns = sides.map(({ key, name, ran, standIns }) => {
    const more = standIns.map((text) => `<li>${escapeHtml(text)}</li>`).join("");
    return `<li><b>${key}, ${escapeHtml(name)}:</b> ${escapeHtml(ran)}.${more === "" ? "" : `<ul>${more}</ul>`}</li>`;
  });
  const local = machine
    ? `<li>Callers, MCP server, backend and database shared the cores of one machine. Nothing went through a load balancer, TLS
or a network. The MCP server's rate limit was removed, and its callers' tokens were signed with a test key.</li>
<li>PostgreSQL 17 had the same settings on all sides: its defaults, TLS, and commits that wait for the disk.</li>`
    : `<li>The figures include the network, the load balancer and everything else that the environments did at the time. The
deployed rate limits applied; refused operations count as failed.</li>`;
  return `<section id="limits"><h2>What ran, what stood in, and what was not measured</h2>
<ul>
${standIns.join("")}
<li><b>Interface:</b> all operations were calls of the MCP server's tools, which are the same on both sides and available
in every environment. ${apps > 0 ? `Only <a href="#delivery">arrival and sign-in</a> were measured in the app's own protocol, with up to ${apps} apps` : "The app's own protocol, Matrix or GraphQL, was not measured"}.</li>
<li>The agent's one account sent all messages, regardless of the number of callers.</li>
${local}
<li><b>Not measured at all:</b> phones, the network, Hasura's own subscriptions, Cognito, push, media, encryption, federation,
and what the team has to learn and operate. All of them matter for the decision: <a href="#criteria">the criteria</a> have
an open row for each.</li>
</ul></section>`;
}

/** How it was measured, and each run. */
export function methodSection(results: Results): string {
  const { workload, machine, node } = results;
  const { saturation, delivery } = workload;
  const facts: [string, string][] = [
    ["Rooms, people in each", `${workload.rooms}, ${workload.people}`],
    ["Senders, readers, moderators", `${workload.senders}, ${workload.readers}, 1`],
    ["Messages per second", String(workload.messagesPerSecond)],
    [
      "Reads per message",
      `${workload.readsPerMessage} (of ten: eight pages of 50, one search, one member list)`,
    ],
    [
      "Moderations per message",
      `${workload.moderationShare} (deletions, mutes, bans, and undoing the latter two)`,
    ],
    [
      "A run",
      `${workload.warmUpSeconds} s of warm-up, ${workload.seconds} s of open loop, ${saturation.seconds} s of closed loop with ${saturation.callers} callers`,
    ],
    [
      "Waiting apps",
      delivery.receivers > 0
        ? `up to ${delivery.receivers}; ${delivery.messages} messages to each number of them`
        : "none",
    ],
    ["Random seed", `${workload.seed}: each side got the same operations in the same order`],
    [
      "Machine",
      machine
        ? `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}`
        : "those of the environments",
    ],
    ["Node.js", node],
  ];
  return `<section id="method"><h2>Method</h2>
<p>The sides took turns, so that other load on the machine affected all of them. On one machine every run started with a
new database, new processes and rooms of 50 messages. In the open loop, operations started at random times when they were
due, whether or not earlier ones had finished. In the closed loop, each caller started its next operation as soon as the
last had finished. Percentiles are interpolated; intervals are the percentile bootstrap of the median over pairs of runs,
with 4000 resamples. Five pairs are few: their interval is hardly narrower than the observed range.</p>
<div class="scroll"><table class="workload"><tbody>${facts.map(([what, value]) => `<tr><th scope="row">${escapeHtml(what)}</th><td>${escapeHtml(value)}</td></tr>`).join("")}</tbody></table></div>
<h3>Run by run</h3>
<p>Trust a run less if other processes used much of the machine or if the driver itself was late.</p>
${runTable(results)}
</section>`;
}

function runTable({ runs }: Results): string {
  const rows = runs.map((run) => {
    const step = stepOf(run, "steady");
    const cells = [
      run.side,
      String(run.run),
      run.startedAt.slice(0, 19).replace("T", " "),
      significant(run.load),
      otherCores(run),
      step?.lateness == null ? "\u2013" : withUnit(step.lateness, "ms"),
      String(run.steps.reduce((sum, { samples }) => sum + samples.length, 0)),
    ];
    return `<tr>${cells.map((cell, index) => `<td${index > 2 ? ' class="number"' : ""}>${cell}</td>`).join("")}</tr>`;
  });
  const headings = [
    ...["Side", "Run", "Started (UTC)", "Load before"],
    ...["Used by other processes", "Driver delay (99th percentile)", "Operations"],
  ];
  return `<div class="scroll"><table class="runs"><thead><tr>${headings.map((heading, index) => `<th scope="col"${index > 2 ? ' class="number"' : ""}>${heading}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

/** Cores that processes other than the measured ones and the driver used in the open loop. */
function otherCores(run: Run): string {
  const step = stepOf(run, "steady");
  if (!step?.used) return "\u2013";
  const ours = step.used.parts.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, step.driverCpuSeconds);
  const cores = Math.max(0, step.used.machineCpuSeconds - ours) / (step.took / 1000);
  return `${significant(cores)} cores`;
}
