import { servicesNamed } from "../parts.ts";
import { EXIT, Problem } from "../problem.ts";
import { describeService, settle, updateService } from "../services.ts";
import { usage, type Verb, wholeNumber } from "../verb.ts";

/** More than the account's quota of tasks in a service would be refused anyway. */
const MOST_TASKS = 100;

export const scale: Verb = {
  name: "scale",
  summary: "set how many tasks of a service run",
  usage: "<service> <tasks>",
  async run(context, { words }) {
    const [word, countWord, ...others] = words;
    if (!word || !countWord || others.length) throw usage(scale, "name one service and a number of tasks");
    const count = wholeNumber(scale, "the number of tasks", countWord, 0, MOST_TASKS);
    const outputs = await context.outputs();
    const [service] = servicesNamed(outputs, [word]);
    if (!service) return EXIT.usage;
    const { name, least_tasks: least = 0, most_tasks: most = MOST_TASKS } = service;
    if (count < least || count > most)
      throw new Problem(
        `${name} runs ${least} to ${most} tasks, and ${count} is asked for`,
        least
          ? `Autoscaling would set it back: change services.${service.part}.minCount or maxCount of the environment, and apply`
          : "Two of its tasks must never run at once: give its task more CPU and memory instead",
        EXIT.usage,
      );
    const before = (await describeService(context, outputs.cluster, name)).desiredCount ?? 0;
    if (!(await context.agreed([`set ${name} from ${before} to ${count} tasks`]))) return EXIT.ok;
    const wanted = await updateService(context, {
      cluster: outputs.cluster,
      service: name,
      desiredCount: count,
    });
    await settle(context, outputs.cluster, [wanted]);
    context.report.line(`${name}: ${before} → ${count} tasks`);
    if (!service.least_tasks && count !== 1)
      context.report.line("Terraform wants 1 task of this service: the next apply sets it back.");
    context.report.result({ service: name, before, tasks: count });
    return EXIT.ok;
  },
};
