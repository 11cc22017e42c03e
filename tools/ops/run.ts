import { environments } from "../../environments/index.ts";
import type { EnvironmentData } from "../../environments/schema.ts";
import { awsClients } from "./aws.ts";
import type { Clock } from "./clock.ts";
import { Context, type Terminal } from "./context.ts";
import { explain } from "./explain.ts";
import { EXIT, Problem } from "./problem.ts";
import { type Output, Reporter } from "./report.ts";
import { commonOptions, parseInvocation, usageLine, type Verb, wholeNumber } from "./verb.ts";
import { verbs } from "./verbs/index.ts";

export interface World {
  readonly output: Output;
  readonly clock: Clock;
  readonly terminal: Terminal;
}

/** `npm run ops -- <verb> <environment> …`: does it and says what came of it. @returns the exit code */
export async function run(argv: readonly string[], { output, clock, terminal }: World): Promise<number> {
  const reporter = new Reporter(output, argv.includes("--json"));
  const [verbName, ...rest] = argv;
  let environmentName: string | undefined;
  let exitCode: number;
  try {
    const verb = verbs.find(({ name }) => name === verbName);
    if (!verb || rest.includes("--help")) {
      if (verbName && !verb && !verbName.startsWith("--"))
        throw new Problem(
          `there is no verb ${verbName}`,
          `Verbs: ${verbs.map(({ name }) => name).join(", ")}`,
          EXIT.usage,
        );
      output.out(verb ? verbHelp(verb) : help());
      return verb || argv.includes("--help") ? EXIT.ok : EXIT.usage;
    }
    const invocation = parseInvocation(verb, rest);
    const [name, ...words] = invocation.words;
    environmentName = name;
    const environment = environmentNamed(verb, name);
    const context = new Context({
      environment,
      aws: awsClients(environment.region),
      report: reporter,
      clock,
      terminal,
      settings: {
        dryRun: invocation.flag("dry-run"),
        yes: invocation.flag("yes"),
        outputsFile: invocation.text("outputs"),
        patience: {
          pollSeconds: wholeNumber(verb, "--poll", invocation.text("poll") ?? "5", 0, 300),
          timeoutMinutes: wholeNumber(verb, "--timeout", invocation.text("timeout") ?? "30", 1, 720),
        },
      },
    });
    exitCode = (await verb.run(context, { ...invocation, words })) ?? EXIT.ok;
    reporter.end({ verb: verbName, environment: environmentName, ok: exitCode === EXIT.ok, exitCode });
  } catch (error) {
    const { message, remedy, exitCode: code } = explain(error);
    exitCode = code;
    output.err(`${message}\n${remedy}\n`);
    reporter.end({
      verb: verbName,
      environment: environmentName,
      ok: false,
      exitCode,
      error: { message, remedy },
    });
  }
  return exitCode;
}

function environmentNamed(verb: Verb, name: string | undefined): EnvironmentData {
  const known = environments.map(({ environment }) => environment);
  const data = environments.find(({ environment }) => environment === name);
  if (!data)
    throw new Problem(
      name ? `there is no environment ${name}` : "no environment is named",
      `Environments: ${known.join(", ")}. Usage: ${usageLine(verb)}`,
      EXIT.usage,
    );
  return data;
}

const optionLines = (options: NonNullable<Verb["options"]>) =>
  Object.entries(options).map(
    ([name, { type, help }]) => `  --${`${name}${type === "string" ? " <value>" : ""}`.padEnd(22)} ${help}`,
  );

const verbHelp = (verb: Verb) =>
  [verb.summary, "", usageLine(verb), "", ...optionLines({ ...verb.options, ...commonOptions }), ""].join(
    "\n",
  );

const help = () =>
  [
    "npm run ops -- <verb> <environment> [options]",
    "",
    ...verbs.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`),
    "",
    `Environments: ${environments.map(({ environment }) => environment).join(", ")}`,
    "npm run ops -- <verb> --help shows a verb's options; docs/operations.md has examples and exit codes.",
    "",
  ].join("\n");
