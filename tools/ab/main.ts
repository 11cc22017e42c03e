import { mkdir, writeFile } from "node:fs/promises";
import { cpus, release as kernel, totalmem } from "node:os";
import { join } from "node:path";
import { version } from "../../shared/version.ts";
import { assertTrustworthy, busyCores } from "../bench/measurements.ts";
import { main } from "../cli/command.ts";
import { requireTools } from "../setup/require-tools.ts";
import { tools } from "../setup/tools.ts";
import { deployedSide } from "./deployed.ts";
import { experiment } from "./experiment.ts";
import { localHasura, localPostgres } from "./local/relational.ts";
import { localSynapse } from "./local/synapse.ts";
import { abCommand, type Options } from "./options.ts";
import { page } from "./page.ts";
import { record, recordQuickTime } from "./record.ts";
import { type Results, readResults } from "./results.ts";
import type { Side, Target } from "./side.ts";

type Measurement = Extract<Options, { mode: "local" | "deployed" }>;

/** Measures, or reads earlier results, and writes the page. */
async function run(options: Options): Promise<void> {
  await mkdir(options.out, { recursive: true });
  if (options.mode === "render") {
    const results = await readResults(options.from);
    if (options.record) await record(results);
    return writePage(options.out, results);
  }
  if (options.mode === "local" && options.record && !options.quick)
    assertTrustworthy(false, await busyCores());
  const results = await measure(options, (results) =>
    writeFile(join(options.out, "results.json"), JSON.stringify(results)),
  );
  if (options.mode === "local" && options.record)
    await (options.quick ? recordQuickTime(results) : record(results));
  await writePage(options.out, results);
}

async function writePage(folder: string, results: Results): Promise<void> {
  const file = join(folder, "index.html");
  await writeFile(file, page(results));
  console.log(`Open ${file}`);
}

async function measure(options: Measurement, save: (results: Results) => Promise<void>): Promise<Results> {
  const sides = await chosenSides(options);
  const { workload } = options;
  const header = {
    format: 2 as const,
    startedAt: new Date().toISOString(),
    release: version,
    machine: options.mode === "local" ? machine() : null,
    node: process.version,
    workload,
    sides: sides.map(({ key, name, ran, standIns }) => ({ key, name, ran, standIns: [...standIns] })),
  };
  const start = performance.now();
  const minutes = () => (performance.now() - start) / 60_000;
  const runs = await experiment(
    stoppedAtSignal(sides),
    workload,
    options.runs,
    (runs) => save({ ...header, minutes: minutes(), runs: [...runs] }),
    console.log,
  );
  console.log(`Measured in ${minutes().toFixed(1)} minutes.`);
  return { ...header, minutes: minutes(), runs };
}

async function chosenSides(options: Measurement): Promise<Side[]> {
  if (options.mode === "deployed")
    return [await deployedSide("A", options.a), await deployedSide("B", options.b)];
  requireTools(tools.synapse);
  return [localSynapse, localHasura, ...(options.reference ? [localPostgres] : [])];
}

let stopping = false;

/** At a signal the package that runs PostgreSQL would end this process and leave the other processes running. */
function stoppedAtSignal(sides: readonly Side[]): Side[] {
  let running: Target | undefined;
  const stop = (signal: NodeJS.Signals) => {
    stopping = true;
    console.error(`${signal}: stopping all processes`);
    const stopped = running?.stop() ?? Promise.resolve();
    stopped.finally(() => process.exit(1));
  };
  process.removeAllListeners("SIGINT").removeAllListeners("SIGTERM");
  process.once("SIGINT", stop).once("SIGTERM", stop);
  return sides.map((side) => ({
    ...side,
    start: async (workload) => {
      running = await side.start(workload);
      return running;
    },
  }));
}

function machine(): Results["machine"] {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? "unknown",
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: kernel(),
  };
}

await main(
  abCommand(process.env, (options) =>
    run(options).catch((error: unknown) => {
      // Stopping makes the measurement fail; the process exits when everything has stopped.
      if (stopping) return new Promise<never>(() => {});
      throw error;
    }),
  ),
);
