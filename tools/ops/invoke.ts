import { InvokeCommand } from "@aws-sdk/client-lambda";
import { EXIT, Problem } from "../cli/problem.ts";
import type { Context } from "./context.ts";

/**
 * Invokes a function and waits for its answer.
 *
 * @throws Problem if it throws
 */
export async function invoke(context: Context, name: string, event: object): Promise<unknown> {
  const { Payload, FunctionError } = await context.aws.lambda.send(
    new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) }),
  );
  const text = Payload ? Buffer.from(Payload).toString("utf8") : "null";
  if (FunctionError)
    throw new Problem(
      `the function ${name} failed: ${text.slice(0, 500)}`,
      `Read its log: npm run ops -- logs ${context.environment.environment} --since 15m`,
      EXIT.failed,
    );
  return JSON.parse(text);
}
