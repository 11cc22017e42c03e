// A closed loop over raw sockets. The client shares the cores with the servers, so every microsecond that it uses brings
// their ratios closer to 1: autocannon uses up to twice as much CPU per request.
import { connect } from "node:net";
import { percentile } from "../../ab/statistics.ts";

export interface Load {
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Connections that each have one request in flight. */
  readonly connections: number;
  /** When to stop. */
  readonly limit: { readonly milliseconds: number } | { readonly requests: number };
}

export interface LoadResult {
  readonly perSecond: number;
  /** Latency in milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

/** @throws Error if an answer has another status than 200 */
export async function load({ url, headers, body, connections, limit }: Load): Promise<LoadResult> {
  const request = post(url, body, headers);
  const latencies: number[] = [];
  let begun = 0;
  const start = performance.now();
  const more = () =>
    "requests" in limit ? begun < limit.requests : performance.now() - start < limit.milliseconds;

  const connection = () =>
    new Promise<void>((resolve, reject) => {
      const socket = connect(Number(url.port), url.hostname);
      socket.setNoDelay(true);
      let sent = 0;
      /** Bytes of the body that are still to come; `undefined` while the head is read. */
      let missing: number | undefined;
      let head = Buffer.alloc(0);
      const send = () => {
        if (!more()) {
          socket.destroy();
          resolve();
          return;
        }
        begun++;
        sent = performance.now();
        missing = undefined;
        head = Buffer.alloc(0);
        socket.write(request);
      };
      const fail = (problem: string) => {
        socket.destroy();
        reject(new Error(`${url.href} ${problem}`));
      };
      socket.on("connect", send);
      socket.on("error", reject);
      socket.on("end", () => fail("closed a connection during the measurement"));
      socket.on("data", (chunk) => {
        if (missing === undefined) {
          head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
          const end = head.indexOf("\r\n\r\n");
          if (end < 0) return;
          const text = head.toString("latin1", 0, end);
          if (!text.startsWith("HTTP/1.1 200 ")) return fail(`answered ${text.split("\r\n", 1)[0]}`);
          const length = /^content-length: (\d+)$/im.exec(text)?.[1];
          if (length === undefined) return fail(`answered without content-length: ${text}`);
          missing = Number(length) - (head.length - end - 4);
        } else missing -= chunk.length;
        if (missing > 0) return;
        latencies.push(performance.now() - sent);
        send();
      });
    });
  await Promise.all(Array.from({ length: connections }, connection));
  const seconds = (performance.now() - start) / 1000;
  return {
    perSecond: latencies.length / seconds,
    p50: percentile(latencies, 50),
    p99: percentile(latencies, 99),
  };
}

/** A POST request as bytes. */
function post(url: URL, body: unknown, headers: Load["headers"] = {}): Buffer {
  const bytes = Buffer.from(JSON.stringify(body));
  const lines = {
    host: url.host,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "content-length": bytes.length,
    ...headers,
  };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`POST ${url.pathname} HTTP/1.1\r\n${head.join("")}\r\n`), bytes]);
}
