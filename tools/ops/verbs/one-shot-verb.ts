import { EXIT, Problem } from "../../cli/problem.ts";
import type { Context } from "../context.ts";
import { oneShotRun, runOneShot } from "../one-shot.ts";
import type { Verb } from "../verb.ts";

/** The one-shot tasks by their names in the outputs. */
export type OneShotPart = "migration" | "metadata" | "database_setup" | "bootstrap";

/** A verb that runs one of the stack's one-shot tasks and exits with its exit code. */
export const oneShotVerb =
  (name: string, part: OneShotPart, description: string): Verb =>
  ({ verb, run }) =>
    verb(name, description).action((environment, options) =>
      run(environment, options, (context) => runPart(context, part)),
    );

async function runPart(context: Context, part: OneShotPart): Promise<number> {
  const { one_shot_tasks } = await context.outputs();
  const task = one_shot_tasks[part];
  if (!task)
    throw new Problem(
      `${context.environment.environment} has no ${part} task`,
      `It has: ${Object.keys(one_shot_tasks).join(", ")}. The others belong to an implementation that is turned off`,
      EXIT.usage,
    );
  if (!(await context.confirm([`run ${task.family} once in ${task.cluster}`]))) return EXIT.ok;
  const exitCode = await runOneShot(context, oneShotRun(task));
  context.report.line(
    exitCode === 0 ? `${task.family}: done` : `${task.family}: failed with exit code ${exitCode}`,
  );
  context.report.result({ task: task.family, taskExitCode: exitCode });
  return exitCode;
}
