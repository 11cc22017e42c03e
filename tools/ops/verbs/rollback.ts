import { wholeNumber } from "../../cli/command.ts";
import { EXIT, Problem } from "../../cli/problem.ts";
import { whileDeploying } from "../deployment/marker.ts";
import { type NamedService, servicesArgument, servicesToChange } from "../parts.ts";
import { isBehind, type RollbackTarget, revisionBefore, revisionNumbered, rollBack } from "../rollback.ts";
import { describeService, revisionOf } from "../services.ts";
import type { Verb } from "../verb.ts";
import { checksToRun, skipOption, verify, waitOption } from "../verification.ts";

export const rollback: Verb = ({ verb, run }) =>
  verb("rollback", "put services back to their previous task definition, then verify")
    .addArgument(servicesArgument())
    .option("--all", "every service")
    .option(
      "--to <revision>",
      "revision to go to, for one service (default: the previous one)",
      wholeNumber(1, 1_000_000),
    )
    .addOption(skipOption())
    .addOption(waitOption(5))
    .action((environment, names, { to, ...options }) =>
      run(environment, options, async (context) => {
        const { report } = context;
        if (to && (options.all || names.length > 1))
          throw new Problem("--to is for one service", "Name that service alone", EXIT.usage);
        const { outputs, services } = await servicesToChange(context, names, options.all);
        const targetOf = async ({ part, name, task_definition }: NamedService): Promise<RollbackTarget> => {
          const from = (await describeService(context, outputs.cluster, name)).taskDefinition ?? "";
          if (to) return { part, name, from, to: await revisionNumbered(context, from, to) };
          if (isBehind(from, task_definition))
            throw new Problem(
              `${name} was rolled back already: it runs ${revisionOf(from)}, and ${revisionOf(task_definition)} was applied`,
              `To go further back, name the revision: npm run ops -- rollback ${environment.environment} ${part} --to <revision>`,
            );
          return { part, name, from, to: await revisionBefore(context, from) };
        };
        const targets: RollbackTarget[] = [];
        for (const service of services) targets.push(await targetOf(service));
        const steps = targets.map(
          (target) => `put ${target.name} back from ${revisionOf(target.from)} to ${revisionOf(target.to)}`,
        );
        if (!(await context.confirm([...steps, "verify the environment"]))) return EXIT.ok;
        await whileDeploying(context, () => rollBack(context, outputs.cluster, targets));
        report.result({ rolledBack: targets });
        for (const step of steps) report.line(step);
        report.line("Terraform still wants the newer task definitions: the next apply brings them back.");
        const rolledBack = Object.fromEntries(targets.map((target) => [target.part, target.to]));
        return verify({ context, outputs, rolledBack }, { checks: checksToRun(options), wait: options.wait });
      }),
    );
