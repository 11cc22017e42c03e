// A homeserver with the deployed configuration, on an empty database and on one that it has filled with its tables.
import { usage } from "../ab/local/usage.ts";
import { median } from "../ab/statistics.ts";
import { startPostgres } from "../servers/postgres.ts";
import { stopAll } from "../servers/program.ts";
import { deploySynapse } from "../servers/synapse.ts";
import { type Figure, type Run, timed } from "./benchmark.ts";

export const name = "synapse-start";
export const description =
  "Synapse: from start to /health on an empty and on a full schema, stopping, idle memory";

export async function measure({ quick, progress }: Run): Promise<Figure[]> {
  const rounds = quick ? 1 : 5;
  const stops: (() => Promise<unknown>)[] = [];
  const [empty, full, stopping, memory]: [number[], number[], number[], number[]] = [[], [], [], []];
  try {
    const postgres = await startPostgres({ durable: true });
    stops.push(postgres.stop);
    for (let round = 1; round <= rounds; round++) {
      progress(`round ${round} of ${rounds}: a new database, and again on it`);
      const deployment = await deploySynapse(postgres);
      stops.push(deployment.remove);
      for (const times of [empty, full]) {
        const synapse = await deployment.start();
        times.push(synapse.startMilliseconds / 1000);
        const [used] = await usage([synapse.pid]);
        if (times === full) memory.push(used?.memoryMiB ?? Number.NaN);
        stopping.push((await timed(() => synapse.stop())) / 1000);
      }
    }
  } finally {
    await stopAll(stops);
  }
  return [
    { label: "from start to healthy, empty database", measured: median(empty), unit: "s" },
    { label: "from start to healthy, full schema", measured: median(full), unit: "s" },
    { label: "stopping", measured: median(stopping), unit: "s" },
    { label: "memory when idle", measured: median(memory), unit: "MiB" },
  ];
}
