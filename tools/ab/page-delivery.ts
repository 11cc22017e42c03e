import { apps, arrival, audiences, missing, signInTime } from "./delivery.ts";
import { figure } from "./figures.ts";
import { captioned, table } from "./page-parts.ts";
import { dotPlot } from "./plots.ts";
import type { Results } from "./results.ts";

export function deliverySection(results: Results): string {
  const numbers = audiences(results);
  if (numbers.length === 0)
    return '<section id="delivery"><h2>Arrival at waiting apps</h2><p>Not measured: no app waited.</p></section>';
  const title = "Time until a message arrives, median";
  const rows = numbers.map((receivers) => ({
    label: apps(receivers),
    bySide: figure(results, arrival(receivers, 50)).bySide,
  }));
  return `<section id="delivery"><h2>Arrival at waiting apps</h2>
<p>From the moment at which one app sends until another has the message, in the app's own protocol and not through the MCP
server. On A apps wait on /sync, which answers at once. On B a stand-in polls the database as Hasura's engine does for streaming
subscriptions, 1 s after the last poll (the engine's default): the wait for the next poll, half a second on average,
dominates. A shorter interval is a setting of the engine, and costs the database as many polls more. Apps and servers share
the machine.</p>
${captioned(title, dotPlot({ title, rows, unit: "ms", scale: "log" }), "One mark per run; further left is better. Logarithmic scale.")}
${table(results, [
  ["Arrival", numbers.flatMap((receivers) => [arrival(receivers, 50), arrival(receivers, 95)])],
  ["Loss", [missing]],
  ["Sign-in", [signInTime]],
])}
</section>`;
}
