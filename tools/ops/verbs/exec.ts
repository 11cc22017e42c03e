import type { AwsVpcConfiguration } from "@aws-sdk/client-ecs";
import type { Context } from "../context.ts";
import { type OneShotRun, oneShotRun, runOneShot } from "../one-shot.ts";
import type { Outputs } from "../outputs.ts";
import { servicesNamed } from "../parts.ts";
import { EXIT, Problem } from "../problem.ts";
import { describeService } from "../services.ts";
import { usage, type Verb } from "../verb.ts";

export const exec: Verb = {
  name: "exec",
  summary: "run a command in a new task of a service's, or a one-shot task's, definition",
  usage: "<service or task> -- <command> [argument]…",
  async run(context, { words, command }) {
    const [word, ...others] = words;
    if (!word || others.length)
      throw usage(exec, "name one service or one-shot task, then -- and the command");
    if (command.length === 0) throw usage(exec, "no command stands behind --");
    const run = { ...(await target(context, await context.outputs(), word)), command };
    if (!(await context.agreed([`run ${JSON.stringify(command)} in a new task of ${run.taskDefinition}`])))
      return EXIT.ok;
    const exitCode = await runOneShot(context, {
      ...run,
      onLine: (line) => context.report.record({ line }, line),
    });
    return exitCode;
  },
};

/** Where a part runs and from what: a service as it is now, or a one-shot task. */
async function target(context: Context, outputs: Outputs, word: string): Promise<OneShotRun> {
  const { cluster, one_shot_tasks, services } = outputs;
  const task = Object.entries(one_shot_tasks).find(
    ([part, { family }]) => part === word || family === word,
  )?.[1];
  if (task) return oneShotRun(task);
  const [service] = servicesNamed({ ...outputs, services }, [word]);
  if (!service) throw usage(exec, `there is no ${word}`);
  const { taskDefinition, networkConfiguration } = await describeService(context, cluster, service.name);
  const network: AwsVpcConfiguration | undefined = networkConfiguration?.awsvpcConfiguration;
  if (!taskDefinition || !network)
    throw new Problem(
      `ECS tells neither task definition nor network of ${service.name}`,
      "Apply again: the service was not made by this stack",
      EXIT.failed,
    );
  return { cluster, taskDefinition, container: service.container, network, logGroup: service.log_group };
}
