import type { Command } from "@commander-js/extra-typings";
import type { EnvironmentData } from "../../environments/schema.ts";
import { createSubcommand, wholeNumber } from "../cli/command.ts";
import { environmentArgument } from "../cli/environment.ts";
import type { Context } from "./context.ts";

/** Declares a verb, with the argument and the options that all verbs take. */
export const declareVerb = (program: Command, name: string, description: string) =>
  createSubcommand(program, name, description)
    .addArgument(environmentArgument())
    .option("--json", "print one JSON object on stdout; progress stays on stderr")
    .option("--dry-run", "say what would be done, and do nothing")
    .option("--yes", "do not ask before changing production")
    .option("--outputs <file>", "read the stack's outputs from this file instead of its state in S3")
    .option("--timeout <minutes>", "time limit of each wait for a task or service", wholeNumber(1, 720), 30)
    .option("--poll <seconds>", "time between two requests while waiting", wholeNumber(0, 300), 5);

type VerbCommand = ReturnType<typeof declareVerb>;
type CommonOptions = ReturnType<VerbCommand["opts"]>;

/** What a verb declares itself with. */
export interface Ops {
  verb(name: string, description: string): VerbCommand;
  /** Runs a verb's action, which returns the exit code. */
  run(
    environment: EnvironmentData,
    options: CommonOptions,
    action: (context: Context) => Promise<number>,
  ): Promise<void>;
}

export type Verb = (ops: Ops) => void;
