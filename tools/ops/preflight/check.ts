import type { Environment } from "../../../environments/schema.ts";
import type { AccountAws } from "../account-aws.ts";
import type { Finding } from "../checks/check.ts";
import type { Context } from "../context.ts";
import type { Inputs } from "../inputs.ts";
import type { SynthesisedStack } from "../synthesised.ts";

/** What a check before the first deployment works with. */
export interface Subject {
  readonly context: Context;
  readonly aws: AccountAws;
  readonly environment: Environment;
  readonly inputs: Inputs;
  readonly stack: SynthesisedStack;
}

export interface PreflightCheck {
  readonly name: string;
  run(subject: Subject): Promise<readonly Finding[]>;
}

/** The answer of a request; `undefined` where AWS answers with one of these errors, which say that it does not exist. */
export async function unless<T>(errors: readonly string[], request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof Error && errors.includes(error.name)) return undefined;
    throw error;
  }
}

/** Names of a list in a sentence. */
export const listed = (names: Iterable<string>): string => [...names].join(", ") || "none";
