import type { Command } from "@commander-js/extra-typings";
import { createCommand, execute } from "../cli/command.ts";
import { EXIT } from "../cli/problem.ts";
import { awsClients } from "./aws.ts";
import type { Clock } from "./clock.ts";
import { Context, type Terminal } from "./context.ts";
import { explain } from "./explain.ts";
import { type Output, Reporter } from "./report.ts";
import { declareVerb, type Ops } from "./verb.ts";
import { verbs } from "./verbs/index.ts";

/** What a command uses besides AWS; tests replace it. */
export interface Io {
  readonly output: Output;
  readonly clock: Clock;
  readonly terminal: Terminal;
}

/** The command line of the operations. */
export function opsCommand({ out, err }: Output, run: Ops["run"]): Command {
  const program = createCommand("npm run ops --", "Operates an environment.")
    .usage("<verb> <environment> [options]")
    .configureOutput({ writeOut: out, writeErr: err })
    .addHelpText(
      "after",
      "\nnpm run ops -- <verb> --help shows a verb's options; docs/operations.md has examples and exit codes.",
    );
  for (const verb of verbs)
    verb({ verb: (name, description) => declareVerb(program, name, description), run });
  return program;
}

/** Runs `npm run ops -- <verb> <environment> …` and reports its result. @returns the exit code */
export async function run(args: readonly string[], { output, clock, terminal }: Io): Promise<number> {
  const report = new Reporter(output, args.includes("--json"));
  const [verb, environment] = args.filter((word) => !word.startsWith("-"));
  let exitCode: number = EXIT.ok;
  const program = opsCommand(output, async (data, options, action) => {
    const context = new Context({
      environment: data,
      aws: awsClients(data.region),
      report,
      clock,
      terminal,
      settings: {
        dryRun: options.dryRun ?? false,
        yes: options.yes ?? false,
        outputsFile: options.outputs,
        polling: { pollSeconds: options.poll, timeoutMinutes: options.timeout },
      },
    });
    exitCode = await action(context);
    report.end({ verb, environment, ok: exitCode === EXIT.ok, exitCode });
  });
  try {
    return (await execute(program, args)) || exitCode;
  } catch (error) {
    const problem = explain(error);
    const { message, remedy } = problem;
    output.err(`${problem.text}\n`);
    report.end({ verb, environment, ok: false, exitCode: problem.exitCode, error: { message, remedy } });
    return problem.exitCode;
  }
}
