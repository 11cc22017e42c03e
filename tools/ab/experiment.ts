import { loadavg } from "node:os";
import { atSetRate, type Drive, lift, withoutPause } from "./driver.ts";
import { type McpClient, mcpClient } from "./mcp-client.ts";
import type { Run, Step } from "./results.ts";
import type { Observation, Side, Target } from "./side.ts";
import { percentile } from "./statistics.ts";
import { leftovers, operations, type Workload, within } from "./workload.ts";
import { findWorld, missingMessages, type World } from "./world.ts";

/**
 * Runs the workload on each side in turn, again and again, so that what changes on the machine meanwhile meets all.
 * @param keep is given all runs so far after each, so that an interruption loses no more than one
 * @param report a line for whoever waits
 */
export async function experiment(
  sides: readonly Side[],
  workload: Workload,
  runs: number,
  keep: (runs: readonly Run[]) => Promise<void>,
  report: (line: string) => void,
): Promise<Run[]> {
  const done: Run[] = [];
  for (let run = 1; run <= runs; run++) {
    for (const side of sides) {
      const began = performance.now();
      const result = await measure(side, workload, run);
      done.push(result);
      await keep(done);
      report(`run ${run} of ${runs}, ${side.key} ${side.name}: ${inShort(result)} (${seconds(began)} s)`);
    }
  }
  return done;
}

const seconds = (began: number) => ((performance.now() - began) / 1000).toFixed(0);

function inShort({ steps }: Run): string {
  return steps
    .map(({ step, samples, took }) => {
      const failed = samples.filter(([, , , error]) => error !== null).length;
      const each = samples.map(([, , latency]) => latency);
      return `${step} ${((samples.length - failed) / (took / 1000)).toFixed(1)}/s, median ${percentile(each, 50).toFixed(0)} ms, ${failed} failed`;
    })
    .join("; ");
}

async function measure(side: Side, workload: Workload, run: number): Promise<Run> {
  const startedAt = new Date();
  const load = loadavg()[0] ?? 0;
  const target = await side.start(workload);
  const client = mcpClient(target.mcp, target.tokens);
  try {
    const world = await findWorld(client, workload);
    // Idempotency keys of this run and no other.
    const name = `ab-${startedAt.getTime()}-${side.key}${run}`;
    const drives = await runSteps({ target, client, world, workload, name });
    const acknowledged = merged(drives.map(({ drive }) => drive));
    let missing = 0;
    for (const [room, ids] of acknowledged) {
      const id = world.rooms[room]?.id;
      if (id !== undefined) missing += await missingMessages(client, id, ids);
    }
    return {
      side: side.key,
      run,
      startedAt: startedAt.toISOString(),
      load,
      steps: drives.flatMap(({ step }) => step ?? []),
      acknowledged: [...acknowledged.values()].reduce((sum, ids) => sum + ids.size, 0),
      missing,
    };
  } finally {
    client.close();
    await target.stop();
  }
}

interface Setting {
  readonly target: Target;
  readonly client: McpClient;
  readonly world: World;
  readonly workload: Workload;
  readonly name: string;
}

/** Warm-up, the set rate, then callers without a pause; each with operations of its own. */
async function runSteps(setting: Setting): Promise<{ drive: Drive; step?: Step }[]> {
  const { client, world, workload, name } = setting;
  const { seed, seconds, warmUpSeconds, saturation } = workload;
  const drives: { drive: Drive; step?: Step }[] = [];

  const warmUp = within(operations(workload, seed + 1), warmUpSeconds);
  drives.push({ drive: await atSetRate(warmUp, client, world, `${name}-w`) });
  await lift(leftovers(warmUp), client, world);

  drives.push(
    await observed(setting, "steady", () =>
      atSetRate(within(operations(workload), seconds), client, world, `${name}-s`),
    ),
  );
  if (saturation.seconds > 0)
    drives.push(
      await observed(setting, "saturation", () =>
        withoutPause(operations(workload, seed + 2), saturation, client, world, `${name}-f`),
      ),
    );
  return drives;
}

async function observed(
  { target, client, world }: Setting,
  step: Step["step"],
  run: () => Promise<Drive>,
): Promise<{ drive: Drive; step: Step }> {
  const before = await target.observe?.();
  const traffic = client.traffic();
  const cpu = process.cpuUsage();
  const drive = await run();
  const { user, system } = process.cpuUsage(cpu);
  const { sent, received } = client.traffic();
  const after = await target.observe?.();
  await lift(leftovers(drive.done), client, world);
  return {
    drive,
    step: {
      step,
      took: round(drive.took),
      samples: drive.samples.map(({ kind, at, latency, error }) => [
        kind,
        round(at),
        round(latency),
        error ?? null,
      ]),
      lateness: drive.lateness.length > 0 ? round(percentile(drive.lateness, 99)) : null,
      sentBytes: sent - traffic.sent,
      receivedBytes: received - traffic.received,
      driverCpuSeconds: (user + system) / 1e6,
      used: before && after ? difference(before, after) : null,
    },
  };
}

/** Microseconds are enough. */
const round = (milliseconds: number) => Math.round(milliseconds * 1000) / 1000;

function difference(before: Observation, after: Observation): Step["used"] {
  return {
    parts: after.parts.map(({ part, cpuSeconds, memoryMiB, logBytes }, index) => ({
      part,
      cpuSeconds: cpuSeconds - (before.parts[index]?.cpuSeconds ?? 0),
      memoryMiB,
      logBytes: logBytes - (before.parts[index]?.logBytes ?? 0),
    })),
    machineCpuSeconds: after.machineCpuSeconds - before.machineCpuSeconds,
    databaseBytes: after.databaseBytes - before.databaseBytes,
  };
}

function merged(drives: readonly Drive[]): Map<number, Set<string>> {
  const all = new Map<number, Set<string>>();
  for (const { sent } of drives)
    for (const [room, ids] of sent) all.set(room, new Set([...(all.get(room) ?? []), ...ids]));
  return all;
}
