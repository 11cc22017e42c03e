import { EXIT } from "../../cli/problem.ts";
import { whileDeploying } from "../deployment/marker.ts";
import { servicesArgument, servicesToChange } from "../parts.ts";
import { updateService, waitUntilStable } from "../services.ts";
import type { Verb } from "../verb.ts";

export const restart: Verb = ({ verb, run }) =>
  verb("restart", "start new tasks of services, on the task definitions that they have")
    .addArgument(servicesArgument())
    .option("--all", "every service")
    .action((environment, names, options) =>
      run(environment, options, async (context) => {
        const { outputs, services } = await servicesToChange(context, names, options.all);
        const steps = services.map(({ name }) => `start new tasks of ${name} and stop its old ones`);
        if (!(await context.confirm(steps))) return EXIT.ok;
        await whileDeploying(context, async () => {
          const targets = [];
          for (const { name } of services)
            targets.push(
              await updateService(context, {
                cluster: outputs.cluster,
                service: name,
                forceNewDeployment: true,
              }),
            );
          await waitUntilStable(context, outputs.cluster, targets);
        });
        const restarted = services.map(({ name }) => name);
        context.report.line(`restarted: ${restarted.join(", ")}`);
        context.report.result({ restarted });
        return EXIT.ok;
      }),
    );
