// Requests per second of chat_get_messages on PostgreSQL: ours as its image runs it, the SDK's own way, a bare
// node:http handler that does the query, and the same handler with the result in MCP's two forms. All are
// measured in turn, several times over, so that a machine that slows down slows all of them; figures are medians.
// Run it with the image's version of Node.js. Usage: node tools/bench/mcp-throughput.mjs [seconds]

import { imageOptions } from "../build/image-options.mjs";
import { load, post } from "./mcp/load.mjs";
import { startDatabase, startServer, stopAll } from "./mcp/processes.mjs";
import { median } from "./median.mjs";

const seconds = Number(process.argv[2] ?? 3);
const ROUNDS = 5;
const WARM_UP_MS = 4000;
/** The tool's default page, a short one, and what a call costs without rows to speak of. */
const pages = [50, 10, 1];

const url = await startDatabase();
const servers = {
  bare: await startServer("bare", url),
  forms: await startServer("forms", url),
  sdk: await startServer("sdk", url),
  ours: await startServer("ours", url, await imageOptions()),
};

function run(name, limit, connections, milliseconds) {
  const { port, token } = servers[name];
  const room_id = "550e8400-e29b-41d4-a716-446655440003";
  const params = { name: "chat_get_messages", arguments: { room_id, limit } };
  const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params };
  const request = post({ port, body, headers: token ? { authorization: `Bearer ${token}` } : {} });
  return load({ port, request, connections, milliseconds });
}

/** Medians over the rounds, by server. */
async function measure(names, limit, connections) {
  const runs = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++)
    for (const name of names) {
      if (round === 0) await run(name, limit, connections, WARM_UP_MS);
      runs[name].push(await run(name, limit, connections, seconds * 1000));
    }
  const medians = {};
  for (const name of names) {
    const of = (figure) => median(runs[name].map((measured) => measured[figure]));
    medians[name] = { perSecond: of("perSecond"), p99: of("p99") };
    const failed = runs[name].reduce((sum, measured) => sum + measured.failed, 0);
    console.log(
      `page of ${limit}, ${connections} connections, ${name.padEnd(5)} ${of("perSecond").toFixed(0).padStart(6)} req/s, p50 ${of("p50").toFixed(1)} ms, p99 ${of("p99").toFixed(1)} ms, ${failed} failed`,
    );
  }
  return medians;
}

console.log(`Node.js ${process.version}`);
const ratio = (text, a, b, wanted) => console.log(`${text.padEnd(62)} ${(a / b).toFixed(2)}  (${wanted})`);
for (const limit of pages) {
  const { bare, forms, sdk, ours } = await measure(["bare", "forms", "sdk", "ours"], limit, 16);
  const page = `page of ${limit}, requests per second,`;
  ratio(`${page} ours / the SDK's way:`, ours.perSecond, sdk.perSecond, "at least 3");
  ratio(`${page} bare / the SDK's way:`, bare.perSecond, sdk.perSecond, "what the query leaves to win");
  ratio(`${page} both forms / the SDK's way:`, forms.perSecond, sdk.perSecond, "what MCP's result leaves");
  ratio(`${page} ours / bare:`, ours.perSecond, bare.perSecond, "at least 0.40");
}
const { bare, ours } = await measure(["bare", "ours"], pages[0], 100);
ratio("p99 at 100 connections, ours / bare:", ours.p99, bare.p99, "at most 3");
for (const server of Object.values(servers)) await server.stop();
await stopAll();
