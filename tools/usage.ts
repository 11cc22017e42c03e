import { type ParseArgsConfig, parseArgs } from "node:util";

/** A command cannot do what it was asked; the message is one sentence for the person who asked. Exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/**
 * Parses a command line strictly.
 * @param command how people call it, for the remedy
 * @throws UsageError that names the offending option
 */
export function parseOptions<Config extends ParseArgsConfig>(
  command: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Node.js appends advice on arguments that begin with a dash.
    const [problem] = error.message.split(". ");
    throw new UsageError(`${problem?.replace(/\.$/, "")}: ${command} -- --help lists the options.`);
  }
}
