import type { AwsVpcConfiguration } from "@aws-sdk/client-ecs";
import { EXIT, Problem } from "../../cli/problem.ts";
import type { Context } from "../context.ts";
import { type OneShotRun, oneShotRun, runOneShot } from "../one-shot.ts";
import { serviceNamed } from "../parts.ts";
import { describeService } from "../services.ts";
import type { Verb } from "../verb.ts";

export const exec: Verb = ({ verb, run }) =>
  verb("exec", "run a command in a new task of the definition of a service or one-shot task")
    .argument("<part>", "name of the service or one-shot task")
    .argument("<command...>", "program and arguments, after --")
    .action((environment, part, command, options) =>
      run(environment, options, async (context) => {
        const task = { ...(await target(context, part)), command };
        const step = `run ${JSON.stringify(command)} in a new task of ${task.taskDefinition}`;
        if (!(await context.confirm([step]))) return EXIT.ok;
        return runOneShot(context, { ...task, onLine: (line) => context.report.record({ line }, line) });
      }),
    );

/** Where and from which definition the task runs: those of a one-shot task, or of a service as it is now. */
async function target(context: Context, word: string): Promise<OneShotRun> {
  const outputs = await context.outputs();
  const task = Object.entries(outputs.one_shot_tasks).find(
    ([part, { family }]) => part === word || family === word,
  )?.[1];
  if (task) return oneShotRun(task);
  const { cluster } = outputs;
  const { name, container, log_group } = serviceNamed(outputs, word);
  const { taskDefinition, networkConfiguration } = await describeService(context, cluster, name);
  const network: AwsVpcConfiguration | undefined = networkConfiguration?.awsvpcConfiguration;
  if (!taskDefinition || !network)
    throw new Problem(
      `ECS returns neither task definition nor network of ${name}`,
      "Apply again: this stack did not create the service",
    );
  return { cluster, taskDefinition, container, network, logGroup: log_group };
}
