// Keeps a number of connections busy with one request each and measures what comes back. Raw sockets,
// because a client that costs as much as the server would level the servers that are compared.
import { connect } from "node:net";

const EMPTY = Buffer.alloc(0);

/**
 * @param {{ port: number, request: Buffer, connections: number, milliseconds?: number, requests?: number }} load
 * @returns {Promise<{ perSecond: number, p50: number, p99: number, failed: number, done: number }>} times in ms
 */
export async function load({ port, request, connections, milliseconds = Infinity, requests = Infinity }) {
  const times = [];
  let failed = 0;
  let begun = 0;
  const start = performance.now();
  const more = () => performance.now() - start < milliseconds && begun < requests;

  const one = () =>
    new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      socket.setNoDelay(true);
      let sent = 0;
      let missing = -1;
      let answer = EMPTY;
      const send = () => {
        if (!more()) {
          socket.destroy();
          return resolve();
        }
        begun++;
        sent = performance.now();
        missing = -1;
        answer = EMPTY;
        socket.write(request);
      };
      socket.on("connect", send);
      socket.on("error", reject);
      socket.on("data", (chunk) => {
        if (missing < 0) {
          answer = answer.length === 0 ? chunk : Buffer.concat([answer, chunk]);
          const end = answer.indexOf("\r\n\r\n");
          if (end < 0) return;
          const head = answer.toString("latin1", 0, end);
          const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN);
          if (Number.isNaN(length)) return reject(new Error(`no content-length: ${head}`));
          if (!head.startsWith("HTTP/1.1 200")) failed++;
          missing = length - (answer.length - end - 4);
        } else missing -= chunk.length;
        if (missing > 0) return;
        times.push(performance.now() - sent);
        send();
      });
    });
  await Promise.all(Array.from({ length: connections }, one));
  const elapsed = (performance.now() - start) / 1000;
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.floor((times.length - 1) * share)];
  return { perSecond: times.length / elapsed, p50: at(0.5), p99: at(0.99), failed, done: times.length };
}

/** An HTTP request as bytes. */
export function post({ port, path = "/mcp", body, headers = {} }) {
  const bytes = Buffer.from(JSON.stringify(body));
  const lines = {
    host: `127.0.0.1:${port}`,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "content-length": bytes.length,
    ...headers,
  };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${head.join("")}\r\n`), bytes]);
}
