import { type NamedService, servicesToChange } from "../parts.ts";
import { EXIT, Problem } from "../problem.ts";
import { isBehind, revisionBefore, rollBack, type WayBack } from "../rollback.ts";
import { describeService, revisionOf } from "../services.ts";
import { usage, type Verb, wholeNumber } from "../verb.ts";
import { thoroughness, verify, verifyOptions } from "../verification.ts";

export const rollback: Verb = {
  name: "rollback",
  summary: "put services back to the task definition before, then verify",
  usage: "<service>…",
  options: {
    all: { type: "boolean", help: "every service" },
    to: { type: "string", help: "revision to go to, for one service (default: the one before the present)" },
    ...verifyOptions,
  },
  async run(context, invocation) {
    const { outputs, services } = await servicesToChange(context, invocation.words, invocation.flag("all"));
    const to = invocation.text("to");
    const asked = thoroughness(rollback, invocation);
    if (to && services.length !== 1) throw usage(rollback, "--to is for one service");
    const wayOf = async ({ part, name, task_definition: applied }: NamedService): Promise<WayBack> => {
      const from = (await describeService(context, outputs.cluster, name)).taskDefinition ?? "";
      if (!to && isBehind(from, applied))
        throw new Problem(
          `${name} was put back already: it runs ${revisionOf(from)}, and ${revisionOf(applied)} was applied`,
          `To go further back, name the revision: npm run ops -- rollback ${context.environment.environment} ${part} --to <revision>`,
          EXIT.failed,
        );
      const target = to
        ? from.replace(/:\d+$/, `:${wholeNumber(rollback, "--to", to, 1, 1_000_000)}`)
        : await revisionBefore(context, from);
      return { part, name, from, to: target };
    };
    const ways: WayBack[] = [];
    for (const service of services) ways.push(await wayOf(service));
    const steps = ways.map(
      (way) => `put ${way.name} back from ${revisionOf(way.from)} to ${revisionOf(way.to)}`,
    );
    if (!(await context.agreed([...steps, "verify the environment"]))) return EXIT.ok;
    await rollBack(context, outputs.cluster, ways);
    context.report.result({ rolledBack: ways });
    for (const step of steps) context.report.line(step);
    context.report.line("Terraform still wants the newer ones: the next apply brings them back.");
    const rolledBack = Object.fromEntries(ways.map(({ part, to }) => [part, to]));
    return (await verify({ context, outputs, rolledBack }, asked)) ? EXIT.ok : EXIT.failed;
  },
};
