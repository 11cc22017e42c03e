import { parseArgs } from "node:util";
import { type Tool, tools } from "./tools.ts";

export const all: readonly Tool[] = Object.values(tools);

export const usage = `npm run setup installs what the whole test suite needs, into .tools/ and with the system's package manager.

  npm run setup                             what is missing
  npm run setup -- --only synapse redis     these tools, and what they need
  npm run setup -- --list                   every tool: its version, whether it is there, what it is for
  npm run setup -- --help                   this text

It can be stopped and run again at any time: what is complete stays, and complete downloads are not repeated.

Tools: ${all.map(({ name }) => name).join(", ")}`;

/** A mistake in the arguments, said in one sentence. */
export class UsageError extends Error {}

export interface Options {
  readonly mode: "help" | "list" | "install";
  readonly wanted: readonly Tool[];
}

export function readOptions(args: string[]): Options {
  const { values, positionals } = parse(args);
  if (values.help) return { mode: "help", wanted: [] };
  if (values.list) return { mode: "list", wanted: all };
  const [first] = positionals;
  if (first !== undefined && !values.only)
    throw new UsageError(
      `Unknown argument ${first}; to install single tools: npm run setup -- --only ${first}`,
    );
  const names = [...(values.only ?? []), ...positionals].flatMap((names) => names.split(",")).filter(Boolean);
  if (values.only && names.length === 0)
    throw new UsageError("--only needs the name of a tool; --list shows all");
  return { mode: "install", wanted: values.only ? withNeeds(names.map(named)) : all };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        list: { type: "boolean" },
        only: { type: "string", multiple: true },
      },
    });
  } catch (error) {
    // The first sentence says what is wrong, the others how to pass it as a file name.
    throw new UsageError(error instanceof Error ? (error.message.split(". ")[0] ?? "") : String(error));
  }
}

export function named(name: string): Tool {
  const tool = all.find((each) => each.name === name);
  if (!tool) throw new UsageError(`There is no tool ${name}; --list shows all`);
  return tool;
}

/** The tools and all that they need, each once, in the order of the table. */
function withNeeds(chosen: readonly Tool[]): readonly Tool[] {
  const wanted = new Set<Tool>();
  const add = (tool: Tool) => {
    wanted.add(tool);
    for (const need of tool.needs ?? []) add(named(need));
  };
  chosen.forEach(add);
  return all.filter((tool) => wanted.has(tool));
}
