import { EnvironmentError, parseEnvironment } from "../../../environments/schema.ts";
import { writeBundles } from "../../build/bundles.ts";
import { Problem } from "../../cli/problem.ts";
import type { Context } from "../context.ts";
import { readInputs } from "../inputs.ts";
import type { Subject } from "../preflight/check.ts";
import { preflight as runChecks } from "../preflight/index.ts";
import { synthesisedStack } from "../synthesised.ts";
import type { Verb } from "../verb.ts";

export const preflight: Verb = ({ verb, run }) =>
  verb("preflight", "check before the first deployment that everything it needs exists; changes nothing")
    .option("--inputs <file>", "file of Terraform variables, in addition to TF_VAR_<name>")
    .action((environment, options) =>
      run(environment, options, async (context) => runChecks(await subjectOf(context, options.inputs))),
    );

/** The environment, its stack and its inputs. @throws Problem where the environment's file is invalid */
export async function subjectOf(context: Context, inputsFile: string | undefined): Promise<Subject> {
  const parsed = parseEnvironment(context.environment);
  if ("problems" in parsed) {
    const { message } = new EnvironmentError(parsed.problems);
    throw new Problem(message, "Correct the environment's file");
  }
  context.report.progress("synthesising");
  await writeBundles(["lambdas"]);
  return {
    context,
    environment: parsed.environment,
    inputs: await readInputs(context, inputsFile),
    stack: synthesisedStack(context.environment),
  };
}
