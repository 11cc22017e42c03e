// The bundled server as a process: time from start to its first answer, and memory after 100 000 and 200 000
// calls. Usage: node tools/bench/mcp-process.mjs [calls]
import { imageOptions } from "../build/image-options.mjs";
import { load, post } from "./mcp/load.mjs";
import { firstAnswer, startDatabase, startServer, stopAll } from "./mcp/processes.mjs";
import { median } from "./median.mjs";

const calls = Number(process.argv[2] ?? 100_000);
const url = await startDatabase();

const times = [];
for (let n = 0; n < 5; n++) times.push(await firstAnswer(url));
console.log(
  `from process start to the first answer, median of 5: ${median(times).toFixed(0)} ms  (at most 500)`,
);

const server = await startServer("ours", url, await imageOptions());
const request = post({
  port: server.port,
  headers: { authorization: `Bearer ${server.token}` },
  body: {
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: {
      name: "chat_get_messages",
      arguments: { room_id: "550e8400-e29b-41d4-a716-446655440003", limit: 10 },
    },
  },
});
const resident = [];
for (let half = 1; half <= 2; half++) {
  const { failed } = await load({ port: server.port, request, connections: 16, requests: calls });
  resident.push((await server.memory()) / 2 ** 20);
  console.log(`resident after ${half * calls} calls: ${resident.at(-1).toFixed(0)} MiB, ${failed} failed`);
}
console.log(`below 128 MiB, second to first: ${(resident[1] / resident[0]).toFixed(2)}  (no higher)`);
await server.stop();
await stopAll();
