import { wholeNumber } from "../../cli/command.ts";
import { EXIT, Problem } from "../../cli/problem.ts";
import { serviceNamed } from "../parts.ts";
import { describeService, updateService, waitUntilStable } from "../services.ts";
import type { Verb } from "../verb.ts";

/** ECS would refuse more than the account's quota of tasks in a service anyway. */
const MAX_TASKS = 100;

export const scale: Verb = ({ verb, run }) =>
  verb("scale", "set how many tasks of a service run")
    .argument("<service>", "name of the service, as status lists it")
    .argument("<tasks>", "number of tasks", wholeNumber(0, MAX_TASKS))
    .action((environment, word, count, options) =>
      run(environment, options, async (context) => {
        const outputs = await context.outputs();
        const service = serviceNamed(outputs, word);
        const { name, least_tasks: min = 0, most_tasks: max = MAX_TASKS } = service;
        if (count < min || count > max)
          throw new Problem(
            `${name} runs ${min} to ${max} tasks, and ${count} is asked for`,
            min
              ? `Autoscaling would set it back: change services.${service.part}.minCount or maxCount of the environment, and apply`
              : "Two of its tasks must never run at once: give its task more CPU and memory instead",
            EXIT.usage,
          );
        const before = (await describeService(context, outputs.cluster, name)).desiredCount ?? 0;
        if (!(await context.confirm([`set ${name} from ${before} to ${count} tasks`]))) return EXIT.ok;
        const target = await updateService(context, {
          cluster: outputs.cluster,
          service: name,
          desiredCount: count,
        });
        await waitUntilStable(context, outputs.cluster, [target]);
        context.report.line(`${name}: ${before} → ${count} tasks`);
        if (!service.least_tasks && count !== 1)
          context.report.line("Terraform wants 1 task of this service: the next apply sets it back.");
        context.report.result({ service: name, before, tasks: count });
        return EXIT.ok;
      }),
    );
