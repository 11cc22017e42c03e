import { loadavg } from "node:os";
import { closedLoop, type DriverContext, type DriverResult, openLoop, undoSanctions } from "./driver.ts";
import { measureLive } from "./live.ts";
import { mcpClient } from "./mcp-client.ts";
import { difference } from "./observation.ts";
import type { Run, Step } from "./results.ts";
import type { Side, Target } from "./side.ts";
import { percentile } from "./statistics.ts";
import { activeSanctions, dueWithin, operations, type Workload } from "./workload.ts";
import { findWorld, missingMessages } from "./world.ts";

/**
 * Runs the workload on each side in turn, several times over, so that a slow minute of the machine affects all sides.
 * @param save receives all finished runs after each run, so that an interruption loses only one
 * @param report receives lines of progress
 */
export async function experiment(
  sides: readonly Side[],
  workload: Workload,
  runs: number,
  save: (runs: readonly Run[]) => Promise<void>,
  report: (line: string) => void,
): Promise<Run[]> {
  const done: Run[] = [];
  for (let run = 1; run <= runs; run++) {
    for (const side of sides) {
      const began = performance.now();
      const finished = await measure(side, workload, run);
      done.push(finished);
      await save(done);
      report(`run ${run} of ${runs}, ${side.key} ${side.name}: ${summary(finished)} (${seconds(began)} s)`);
    }
  }
  return done;
}

const seconds = (began: number) => ((performance.now() - began) / 1000).toFixed(0);

function summary({ steps }: Run): string {
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
    // Makes the idempotency keys of this run unique.
    const name = `ab-${startedAt.getTime()}-${side.key}${run}`;
    const results = await runSteps({ target, client, world, workload, run: name });
    const acknowledged = merged(results.map(({ result }) => result));
    let missing = 0;
    for (const [room, ids] of acknowledged) {
      const id = world.rooms[room]?.id;
      if (id !== undefined) missing += await missingMessages(client, id, ids);
    }
    const people = target.live && workload.delivery.receivers > 0;
    return {
      side: side.key,
      run,
      startedAt: startedAt.toISOString(),
      load,
      steps: results.flatMap(({ step }) => step ?? []),
      live: people ? await measureLive(target, workload) : null,
      acknowledged: [...acknowledged.values()].reduce((sum, ids) => sum + ids.size, 0),
      missing,
    };
  } finally {
    client.close();
    await target.stop();
  }
}

interface Setting extends DriverContext {
  readonly target: Target;
  readonly workload: Workload;
}

/** Warm-up, open loop, closed loop; each with operations of its own. */
async function runSteps(setting: Setting): Promise<{ result: DriverResult; step?: Step }[]> {
  const { workload, run } = setting;
  const { seed, seconds, warmUpSeconds, saturation } = workload;
  const results: { result: DriverResult; step?: Step }[] = [];

  const warmUp = dueWithin(operations(workload, seed + 1), warmUpSeconds);
  results.push({ result: await openLoop(warmUp, { ...setting, run: `${run}-w` }) });
  await undoSanctions(activeSanctions(warmUp), setting);

  results.push(
    await observed(setting, "steady", () =>
      openLoop(dueWithin(operations(workload), seconds), { ...setting, run: `${run}-s` }),
    ),
  );
  if (saturation.seconds > 0)
    results.push(
      await observed(setting, "saturation", () =>
        closedLoop(operations(workload, seed + 2), saturation, { ...setting, run: `${run}-f` }),
      ),
    );
  return results;
}

async function observed(
  setting: Setting,
  step: Step["step"],
  run: () => Promise<DriverResult>,
): Promise<{ result: DriverResult; step: Step }> {
  const { target, client } = setting;
  const before = await target.observe?.("begins");
  const traffic = client.traffic();
  const cpu = process.cpuUsage();
  const result = await run();
  const { user, system } = process.cpuUsage(cpu);
  const { sent, received } = client.traffic();
  const after = await target.observe?.("ended");
  await undoSanctions(activeSanctions(result.done), setting);
  return {
    result,
    step: {
      step,
      took: round(result.took),
      samples: result.samples.map(({ kind, at, latency, error }) => [
        kind,
        round(at),
        round(latency),
        error ?? null,
      ]),
      lateness: result.lateness.length > 0 ? round(percentile(result.lateness, 99)) : null,
      sentBytes: sent - traffic.sent,
      receivedBytes: received - traffic.received,
      driverCpuSeconds: (user + system) / 1e6,
      used: before && after ? difference(before, after) : null,
    },
  };
}

/** Rounds to microseconds. */
const round = (milliseconds: number) => Math.round(milliseconds * 1000) / 1000;

function merged(results: readonly DriverResult[]): Map<number, Set<string>> {
  const all = new Map<number, Set<string>>();
  for (const { sent } of results)
    for (const [room, ids] of sent) all.set(room, new Set([...(all.get(room) ?? []), ...ids]));
  return all;
}
