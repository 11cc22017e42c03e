import { stepOf } from "./figures.ts";
import { escapeHtml, significant, withUnit } from "./format.ts";
import type { Results, Run } from "./results.ts";

/** What stood in for what, what was not measured, and how it was done. */
export const methodSection = (results: Results): string => `${limitsSection(results)}${howSection(results)}`;

function limitsSection({ sides, machine }: Results): string {
  const standIns = sides.map(({ key, name, ran, standIns }) => {
    const more = standIns.map((text) => `<li>${escapeHtml(text)}</li>`).join("");
    return `<li><b>${key}, ${escapeHtml(name)}:</b> ${escapeHtml(ran)}.${more === "" ? "" : `<ul>${more}</ul>`}</li>`;
  });
  const local = machine
    ? `<li>Callers, MCP server, backend and database shared one machine and its cores. Nothing went through a load
balancer, TLS or a network; the MCP server's limit of requests for one caller was lifted, and its callers' tokens were
signed with a key of the tests.</li>
<li>PostgreSQL had the same settings on all sides: version 17, its defaults, TLS, and commits that wait for the disk.</li>`
    : `<li>Network, load balancer and whatever else the environments did at the time are in the figures; the limits that
are deployed were in force, and where they refused something it is counted as failed.</li>`;
  return `<section id="limits"><h2>What stood in for what, and what was not measured</h2>
<ul>
${standIns.join("")}
<li><b>The way of measuring:</b> everything went through the MCP server's tools, because they are the same on both and
can be called in any environment. Phones speak to Synapse by Matrix and to Hasura by GraphQL, and wait for messages by
/sync or by subscription: that is not in these figures, and weighs on both in other ways.</li>
<li>All messages were sent by the agent's one account, however many callers asked.</li>
${local}
<li>Encryption, federation, media, signing in, and what people of the team have to learn and keep running are reasons
to choose, too, and none of them is a figure here.</li>
</ul></section>`;
}

function howSection(results: Results): string {
  const { workload, machine, node } = results;
  const { saturation } = workload;
  const facts: [string, string][] = [
    ["Rooms, with people in each", `${workload.rooms}, with ${workload.people}`],
    ["Senders, readers, moderators", `${workload.senders}, ${workload.readers}, 1`],
    ["Messages in a second", String(workload.messagesPerSecond)],
    [
      "Reads for one message",
      `${workload.readsPerMessage} (eight of ten a page of 50, one a search, one the members)`,
    ],
    [
      "Moderations for one message",
      `${workload.moderationShare} (deleting, muting, banning, and lifting those)`,
    ],
    [
      "A run",
      `${workload.warmUpSeconds} s that do not count, ${workload.seconds} s at the set rate, ${saturation.seconds} s without a pause by ${saturation.callers} callers`,
    ],
    ["Drawn from", `seed ${workload.seed}: each side got the same operations in the same order`],
    [
      "Machine",
      machine
        ? `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}`
        : "the environments' own",
    ],
    ["Node.js", node],
  ];
  return `<section id="method"><h2>How it was measured</h2>
<p>Sides took turns, so that what else went on met all alike; on one machine every run began with a new database and new
processes, and rooms filled with 50 messages. Operations were begun when they were due, whether or not the ones before
had been answered (an open loop), at random moments as people's are. Percentiles are interpolated; intervals are the
percentile bootstrap of the median over pairs of runs, 4000 times. Five pairs are few: such an interval is hardly
narrower than the range of what was seen.</p>
<div class="scroll"><table class="workload"><tbody>${facts.map(([what, value]) => `<tr><th scope="row">${escapeHtml(what)}</th><td>${escapeHtml(value)}</td></tr>`).join("")}</tbody></table></div>
<h3>Run by run</h3>
<p>A run is to be trusted less where other processes took much of the machine, or where the driver was late itself.</p>
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
      others(run),
      step?.lateness == null ? "\u2013" : withUnit(step.lateness, "ms"),
      String(run.steps.reduce((sum, { samples }) => sum + samples.length, 0)),
    ];
    return `<tr>${cells.map((cell, index) => `<td${index > 2 ? ' class="number"' : ""}>${cell}</td>`).join("")}</tr>`;
  });
  const heads = [
    ...["Side", "Run", "Began (UTC)", "Load before"],
    ...["Others' share of the cores", "Driver late (99th percentile)", "Operations"],
  ];
  return `<div class="scroll"><table class="runs"><thead><tr>${heads.map((head, index) => `<th scope="col"${index > 2 ? ' class="number"' : ""}>${head}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

/** Cores that were busy at the set rate with what was neither measured nor the driver. */
function others(run: Run): string {
  const step = stepOf(run, "steady");
  if (!step?.used) return "\u2013";
  const ours = step.used.parts.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, step.driverCpuSeconds);
  const cores = Math.max(0, step.used.machineCpuSeconds - ours) / (step.took / 1000);
  return `${significant(cores)} cores`;
}
