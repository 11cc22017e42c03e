import type { EnvironmentData } from "../../environments/schema.ts";
import { workersOf } from "../../modules/chat-synapse/workers/workers.ts";
import { workerOutput } from "../../stacks/chat/operations-outputs.ts";
import type { Stage } from "./stage.ts";

export type Report = (line: string) => void;

/** Reports how long an action took. */
export async function timed<T>(report: Report, what: string, action: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await action();
  report(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return result;
}

/** Services of Synapse's workers, by their names in the outputs. */
export const workerServices = ({ workers }: EnvironmentData): string[] =>
  workers ? workersOf(workers).map(({ name }) => workerOutput(name)) : [];

/** Runs the tasks and services of a stage in the order of the first day. @throws Error with the log of what failed */
export async function runFirstDay(stage: Stage, report: Report): Promise<void> {
  const { one_shot_tasks, services } = stage.outputs;
  const run = async (name: string) => {
    if (!(name in one_shot_tasks)) return;
    const { code, lines } = await timed(report, `task ${name}`, () => stage.runTask(name));
    if (code !== 0) throw new Error(`task ${name} exited with ${code}:\n${lines.join("\n")}`);
  };
  const start = (...names: readonly string[]) =>
    Promise.all(
      names
        .filter((name) => name in services)
        .map((name) => timed(report, `service ${name}`, () => stage.startService(name))),
    );
  await run("database_setup");
  await start("synapse", "synapse_admin");
  await start(...workerServices(stage.data));
  await run("bootstrap");
  await run("migration");
  await run("metadata");
  await start("mcp");
}
