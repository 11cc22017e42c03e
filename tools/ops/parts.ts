import type { Context } from "./context.ts";
import type { Outputs, ServiceOutput } from "./outputs.ts";
import { EXIT, Problem } from "./problem.ts";

/** A service of the environment, with the short name that the outputs give it. */
export interface NamedService extends ServiceOutput {
  readonly part: string;
}

/**
 * Services by their short names (`mcp`) or ECS's own (`phenom-dev-chat-mcp`).
 * @throws Problem that lists the services, where one is unknown
 */
export function servicesNamed({ services }: Outputs, words: readonly string[]): NamedService[] {
  const all = Object.entries(services).map(([part, service]) => ({ part, ...service }));
  return words.map((word) => {
    const found = all.find(({ part, name }) => part === word || name === word);
    if (found) return found;
    throw new Problem(
      `there is no service ${word}`,
      `Services: ${all.map(({ part }) => part).join(", ")}`,
      EXIT.usage,
    );
  });
}

/** The services that a changing verb names, which must be at least one; `--all` means each. */
export async function servicesToChange(
  context: Context,
  words: readonly string[],
  all: boolean,
): Promise<{ outputs: Outputs; services: NamedService[] }> {
  const outputs = await context.outputs();
  const parts = Object.keys(outputs.services);
  if (words.length === 0 && !all)
    throw new Problem(
      "no service is named",
      `Name one or more of: ${parts.join(", ")}; or --all`,
      EXIT.usage,
    );
  return { outputs, services: servicesNamed(outputs, all ? parts : words) };
}
