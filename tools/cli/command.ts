import {
  Command,
  CommanderError,
  type CommandUnknownOpts,
  InvalidArgumentError,
} from "@commander-js/extra-typings";
import { EXIT, Problem } from "./problem.ts";

/** A command, by the words that start it, such as `npm start --`. */
export const createCommand = (words: string, description: string): Command =>
  withProblems(new Command(words).description(description).helpCommand(false));

/** A subcommand, by the word that chooses it. */
export const createSubcommand = (parent: Command, word: string, description: string): Command =>
  withProblems(parent.command(word).description(description));

/** A mistake on the command line is thrown as a Problem that shows the usage. */
function withProblems(command: Command): Command {
  return command.configureOutput({ outputError: () => {} }).exitOverride((error) => {
    if (error.exitCode === 0 || error.code === "commander.help") throw error;
    const usage = command.createHelp().commandUsage(command);
    const message = error.message.replace(/^error: (?:command-argument )?/, "");
    throw new Problem(message, `Usage: ${usage}`, EXIT.usage);
  });
}

/**
 * Parses a command line and does what it says.
 * @returns the exit code: 2 where no subcommand is named and the help is all that there is to show
 * @throws Problem for a mistake on the command line
 */
export async function execute(command: CommandUnknownOpts, args: readonly string[]): Promise<number> {
  try {
    await command.parseAsync([...args], { from: "user" });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    throw error;
  }
}

/**
 * Does what the process was called for. A Problem ends the process with its text and exit code, in a bundle that runs by
 * itself too; tools/run.mjs prints all other errors.
 */
export async function main(
  command: CommandUnknownOpts,
  args: readonly string[] = process.argv.slice(2),
): Promise<void> {
  const exitCode = await execute(command, args).catch((error: unknown) => {
    if (!(error instanceof Problem)) throw error;
    console.error(error.text);
    return error.exitCode;
  });
  // The PostgreSQL package ends the process with 0 whatever process.exitCode says.
  if (exitCode !== EXIT.ok) process.exit(exitCode);
}

/** Parses an argument or option that is a whole number within limits. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };

/** Parses an option that may be repeated. */
export const repeatable =
  <T>(parse: (text: string) => T) =>
  (text: string, values: readonly T[]): readonly T[] => [...values, parse(text)];

/** Parses an argument or option that is the name of something. */
export const oneOf =
  <T>(all: readonly T[], nameOf: (value: T) => string) =>
  (text: string): T => {
    const found = all.find((value) => nameOf(value) === text);
    if (found) return found;
    throw new InvalidArgumentError(`Choose from: ${all.map(nameOf).join(", ")}.`);
  };
