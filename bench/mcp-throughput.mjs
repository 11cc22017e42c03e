// Requests per second of chat_get_messages (a page of 50) on PostgreSQL: ours, the SDK's own way, and a bare
// node:http handler. Ratios of one run on one machine. Usage: node bench/mcp-throughput.mjs [seconds]

import { load, post } from "./mcp/load.mjs";
import { startDatabase, startServer, stopAll } from "./mcp/processes.mjs";

const seconds = Number(process.argv[2] ?? 5);
const body = (limit) => ({
  jsonrpc: "2.0",
  id: 1,
  method: "tools/call",
  params: {
    name: "chat_get_messages",
    arguments: { room_id: "550e8400-e29b-41d4-a716-446655440003", limit },
  },
});

const url = await startDatabase();
const results = {};
for (const connections of [16, 100]) {
  for (const name of ["bare", "sdk", "ours"]) {
    const server = await startServer(name, url);
    const headers = server.token ? { authorization: `Bearer ${server.token}` } : {};
    const request = post({ port: server.port, body: body(50), headers });
    await load({ port: server.port, request, connections, milliseconds: 2000 });
    const measured = await load({ port: server.port, request, connections, milliseconds: seconds * 1000 });
    results[`${name} ${connections}`] = measured;
    const { perSecond, p50, p99, failed } = measured;
    console.log(
      `${name.padEnd(5)} ${String(connections).padStart(3)} connections: ${perSecond.toFixed(0).padStart(6)} req/s, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${failed} failed`,
    );
    await server.stop();
  }
}
const rate = (name) => results[name].perSecond;
console.log(
  `requests per second, ours / the SDK's way:    ${(rate("ours 16") / rate("sdk 16")).toFixed(2)}  (at least 3)`,
);
console.log(
  `requests per second, bare / the SDK's way:    ${(rate("bare 16") / rate("sdk 16")).toFixed(2)}  (what the query leaves to win)`,
);
console.log(
  `requests per second, ours / bare:             ${(rate("ours 16") / rate("bare 16")).toFixed(2)}  (at least 0.40)`,
);
console.log(
  `p99 at 100 connections, ours / bare:          ${(results["ours 100"].p99 / results["bare 100"].p99).toFixed(2)}  (at most 3)`,
);
await stopAll();
