import { EnvironmentError, parseEnvironment } from "../../../environments/schema.ts";
import { writeBundles } from "../../build/bundles.ts";
import { Problem } from "../../cli/problem.ts";
import { accountClients } from "../account-aws.ts";
import type { Context } from "../context.ts";
import { readInputs } from "../inputs.ts";
import { synthesisedStack } from "../synthesised.ts";
import type { Subject } from "./check.ts";

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
    aws: accountClients(context.aws, context.environment.region),
    environment: parsed.environment,
    inputs: await readInputs(context, inputsFile),
    stack: synthesisedStack(context.environment),
  };
}
