import { Argument } from "@commander-js/extra-typings";
import { EXIT, Problem } from "../cli/problem.ts";
import type { Context } from "./context.ts";
import type { Outputs, ServiceOutput } from "./outputs.ts";

/** A service of the environment, with the short name that the outputs give it. */
export interface NamedService extends ServiceOutput {
  readonly part: string;
}

/** The argument that names services to change. */
export const servicesArgument = () =>
  new Argument("[services...]", "names of services, as status lists them");

/**
 * Finds a service by its short name (`mcp`) or by ECS's name (`phenom-dev-chat-mcp`).
 * @throws Problem that lists the services, where it is unknown
 */
export function serviceNamed({ services }: Outputs, word: string): NamedService {
  const all = Object.entries(services).map(([part, service]) => ({ part, ...service }));
  const found = all.find(({ part, name }) => part === word || name === word);
  if (found) return found;
  throw new Problem(
    `there is no service ${word}`,
    `Services: ${all.map(({ part }) => part).join(", ")}`,
    EXIT.usage,
  );
}

/** The services that a changing verb names, at least one; `--all` means each. @throws Problem where none is named */
export async function servicesToChange(
  context: Context,
  words: readonly string[],
  all = false,
): Promise<{ outputs: Outputs; services: NamedService[] }> {
  if (words.length === 0 && !all)
    throw new Problem(
      "no service is named",
      `Name one or more, or --all; npm run ops -- status ${context.environment.environment} lists them`,
      EXIT.usage,
    );
  const outputs = await context.outputs();
  const chosen = all ? Object.keys(outputs.services) : words;
  return { outputs, services: chosen.map((word) => serviceNamed(outputs, word)) };
}
