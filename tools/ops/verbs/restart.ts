import { servicesToChange } from "../parts.ts";
import { EXIT } from "../problem.ts";
import { settle, updateService } from "../services.ts";
import type { Verb } from "../verb.ts";

export const restart: Verb = {
  name: "restart",
  summary: "start new tasks of services, on the task definitions that they have",
  usage: "<service>…",
  options: { all: { type: "boolean", help: "every service" } },
  async run(context, invocation) {
    const { outputs, services } = await servicesToChange(context, invocation.words, invocation.flag("all"));
    if (
      !(await context.agreed(services.map(({ name }) => `start new tasks of ${name} and stop its old ones`)))
    )
      return EXIT.ok;
    const wanted = [];
    for (const { name } of services)
      wanted.push(
        await updateService(context, { cluster: outputs.cluster, service: name, forceNewDeployment: true }),
      );
    await settle(context, outputs.cluster, wanted);
    context.report.line(`restarted: ${services.map(({ name }) => name).join(", ")}`);
    context.report.result({ restarted: services.map(({ name }) => name) });
    return EXIT.ok;
  },
};
