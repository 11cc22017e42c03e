// A new task of the MCP server with the CPU of the deployed one, in front of the stand-in for Hasura's engine.
import { setTimeout as wait } from "node:timers/promises";
import * as z from "zod";
import { development } from "../../environments/development.ts";
import { median, percentile } from "../ab/statistics.ts";
import { startMcpServer } from "../servers/mcp-server.ts";
import { startProgram, stopAll } from "../servers/program.ts";
import { alternate, type Figure, type Run, timed } from "./benchmark.ts";
import { ROOM, startMeasuredDatabase } from "./mcp/servers.ts";

export const name = "mcp-cold-start";
export const description =
  "the first 200 calls of a new task on its share of a core, with and without the warm-up (as root)";

const CALLS = 200;
const VIRTUAL_CPU = 1024;
const hasura = z.object({ endpoint: z.url() });

const reading = [
  ["chat_list_rooms", {}],
  ["chat_get_messages", { room_id: ROOM }],
  ["chat_search_messages", { query: "number" }],
  ["chat_list_members", { room_id: ROOM }],
] as const;
/** What an agent does: it lists, reads, searches, and answers, fewer times than the database's limit of 30 at once. */
const calls = [
  ...reading,
  ...reading,
  ["chat_send_message", { room_id: ROOM, content: "An answer, about as long as agents write them." }],
] as const;

interface FirstCalls {
  /** Seconds from the process's start until /health is a success. */
  readonly healthy: number;
  readonly p99: number;
  readonly slowest: number;
}

export async function measure({ quick, progress }: Run): Promise<Figure[]> {
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const { connection, server } = await startMeasuredDatabase();
    stops.push(() => server.stop());
    const engine = await startProgram("tools/servers/hasura-program.ts", hasura, {
      variables: { DATABASE: JSON.stringify(connection) },
    });
    stops.push(() => engine.stop());
    const start = async (warmUp: boolean): Promise<FirstCalls> => {
      const result = await firstCalls(engine.ready.endpoint, warmUp);
      const { healthy, p99, slowest } = result;
      progress(
        `${warmUp ? "with" : "without"} the warm-up: healthy after ${healthy.toFixed(1)} s, ` +
          `p99 ${p99.toFixed(0)} ms, slowest ${slowest.toFixed(0)} ms`,
      );
      return result;
    };
    const variants = { warm: () => start(true), cold: () => start(false) };
    // The engine's own first calls are slow, too.
    await alternate({ cold: variants.cold }, 1);
    const { warm, cold } = await alternate(variants, quick ? 1 : 5);
    const of = (samples: readonly FirstCalls[], figure: keyof FirstCalls) =>
      median(samples.map((sample) => sample[figure]));
    const compared = (label: string, unit: Figure["unit"], figure: keyof FirstCalls): Figure => ({
      ...{ label, unit, measured: of(warm, figure) },
      baseline: { label: "without warm-up", measured: of(cold, figure) },
    });
    const p99 = `99th percentile of the first ${CALLS} calls`;
    return [
      { label: p99, unit: "ms", measured: of(warm, "p99"), target: { atMost: 250 } },
      { ...compared(p99, "ms", "p99"), target: { atMost: 0.7 } },
      compared("slowest of them", "ms", "slowest"),
      compared("process start to healthy", "s", "healthy"),
    ];
  } finally {
    await stopAll(stops);
  }
}

async function firstCalls(endpoint: string, warmUp: boolean): Promise<FirstCalls> {
  const started = performance.now();
  const { ready, stop } = await startMcpServer(
    1,
    {
      ...{ BACKEND_TYPE: "hasura", HASURA_ENDPOINT: endpoint, AGENT_USER_ID: "phenom-agent" },
      // Required, but unused: the program passes a session in.
      ...{ AGENT_CLIENT_ID: "-", AGENT_CLIENT_SECRET: "-", AGENT_USERNAME: "-", AGENT_PASSWORD: "-" },
      WARM_UP: String(warmUp),
    },
    { cpu: development.services.mcp.cpu / VIRTUAL_CPU },
  );
  try {
    while (!(await fetch(new URL("/health", ready.url))).ok) await wait(100);
    const healthy = (performance.now() - started) / 1000;
    const times: number[] = [];
    for (let id = 0; id < CALLS; id++) {
      const [tool, args] = calls[id % calls.length] ?? calls[0];
      times.push(await timed(() => call(ready.url, ready.tokens[0], { id, name: tool, arguments: args })));
    }
    return { healthy, p99: percentile(times, 99), slowest: Math.max(...times) };
  } finally {
    await stop();
  }
}

/** @throws Error unless the call succeeds */
async function call(
  url: string,
  token: string | undefined,
  { id, ...params }: { id: number; name: string; arguments: object },
): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${token}` },
    body: JSON.stringify({ jsonrpc: "2.0", id, method: "tools/call", params }),
  });
  const text = await response.text();
  const { result } = z.looseObject({ result: z.looseObject({}).optional() }).parse(JSON.parse(text));
  if (!result || result["isError"]) throw new Error(`${params.name}: ${text.slice(0, 200)}`);
}
