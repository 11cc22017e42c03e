// All servers are measured in turn, several times over; figures are medians of the rounds. `npm run bench` runs them
// with its own Node.js: use the image's version for figures that hold for the image.
import { limits } from "../../mcp-server/limits.ts";
import { median } from "../ab/statistics.ts";
import { stopAll } from "../servers/program.ts";
import { alternate, type Figure, mapValues, type Run } from "./benchmark.ts";
import { type LoadResult, load } from "./mcp/load.ts";
import {
  type MeasuredServer,
  pageRequest,
  startMeasuredDatabase,
  startOurs,
  startReference,
} from "./mcp/servers.ts";

export const name = "mcp-throughput";
export const description =
  "calls of chat_get_messages per second, against the SDK's examples and against a bare node:http handler";

const DEFAULT_PAGE = limits.page.default;
/** The tool's default page, a short one, and a single message, with the ratios to reach. */
const pages = [
  { page: DEFAULT_PAGE, ofForms: 0.8, ofSdk: 3 },
  { page: 10, ofForms: 0.7, ofSdk: 3 },
  { page: 1, ofForms: 0.65, ofSdk: 3.5 },
];
const CONNECTIONS = 16;
const MANY_CONNECTIONS = 100;
/** A task runs for days. Its code, which is more than the bare handler's, is optimised after ten seconds of such load. */
const WARM_UP_MS = 15_000;

type Servers = Readonly<Record<"bare" | "forms" | "sdk" | "ours", MeasuredServer>>;
type Result = Pick<LoadResult, "perSecond" | "p99">;

export async function measure(run: Run): Promise<Figure[]> {
  const stops: (() => Promise<unknown>)[] = [];
  const stoppedLater = <Started extends { stop(): Promise<unknown> }>(started: Started): Started => {
    stops.push(() => started.stop());
    return started;
  };
  try {
    const { url, server } = await startMeasuredDatabase();
    stoppedLater(server);
    const servers: Servers = {
      bare: stoppedLater(await startReference("bare", url)),
      forms: stoppedLater(await startReference("forms", url)),
      sdk: stoppedLater(await startReference("sdk", url)),
      ours: stoppedLater(await startOurs(url)),
    };
    const figures: Figure[] = [];
    const warmUp = run.quick ? 500 : WARM_UP_MS;
    run.progress(`warming up: ${warmUp / 1000} s of load for each server`);
    await alternate(loads(servers, DEFAULT_PAGE, CONNECTIONS, warmUp), 1);
    for (const each of pages) figures.push(...(await throughput(servers, each, run)));
    return [...figures, await tail(servers, run)];
  } finally {
    await stopAll(stops);
  }
}

async function throughput(
  servers: Servers,
  { page, ofForms, ofSdk }: (typeof pages)[number],
  run: Run,
): Promise<Figure[]> {
  const { bare, forms, sdk, ours } = await results(servers, page, CONNECTIONS, run);
  const figure = (
    who: string,
    measured: Result,
    label: string,
    baseline: Result,
  ): Omit<Figure, "target"> => ({
    label: `${who}, page of ${page}`,
    measured: measured.perSecond,
    unit: "requests/s",
    baseline: { label, measured: baseline.perSecond },
  });
  const handler = "bare handler that writes both forms";
  return [
    { ...figure("MCP server", ours, handler, forms), target: { atLeast: ofForms } },
    { ...figure("MCP server", ours, "SDK's examples", sdk), target: { atLeast: ofSdk } },
    figure(handler, forms, "SDK's examples", sdk),
    figure("MCP server", ours, "bare handler of the query alone", bare),
  ];
}

async function tail({ bare, ours }: Servers, run: Run): Promise<Figure> {
  const measured = await results({ bare, ours }, DEFAULT_PAGE, MANY_CONNECTIONS, run);
  return {
    label: `MCP server, 99th percentile at ${MANY_CONNECTIONS} connections`,
    measured: measured.ours.p99,
    unit: "ms",
    baseline: { label: "bare handler", measured: measured.bare.p99 },
    target: { atMost: 3 },
  };
}

/** Medians over the rounds. */
async function results<Name extends string>(
  servers: Readonly<Record<Name, MeasuredServer>>,
  page: number,
  connections: number,
  { quick, progress }: Run,
): Promise<Readonly<Record<Name, Result>>> {
  const loadFor = (milliseconds: number) => loads(servers, page, connections, milliseconds);
  await alternate(loadFor(quick ? 500 : 2000), 1);
  const samples = await alternate(loadFor(quick ? 500 : 3000), quick ? 2 : 5);
  return mapValues(samples, (rounds, name) => {
    const of = (figure: keyof LoadResult) => median(rounds.map((result) => result[figure]));
    progress(
      `page of ${page}, ${connections} connections, ${name}: ${of("perSecond").toFixed(0)} requests/s, ` +
        `p50 ${of("p50").toFixed(1)} ms, p99 ${of("p99").toFixed(1)} ms`,
    );
    return { perSecond: of("perSecond"), p99: of("p99") };
  });
}

const loads = <Name extends string>(
  servers: Readonly<Record<Name, MeasuredServer>>,
  page: number,
  connections: number,
  milliseconds: number,
) =>
  mapValues(
    servers,
    (server) => () => load({ ...pageRequest(server, page), connections, limit: { milliseconds } }),
  );
