import type { App } from "cdktf";
import { development } from "../environments/development.ts";
import { ChatStack } from "./chat-stack.ts";
import { type EnvironmentData, EnvironmentError, parseEnvironment } from "./environment.ts";

/**
 * Writes the Terraform of every environment below `cdktf.out/stacks`.
 * @throws EnvironmentError with every problem of every environment; nothing is written then
 */
export function synthesise(app: App, environments: readonly EnvironmentData[]): void {
  const problems = environments.flatMap((data) => {
    const { environment, problems } = parseEnvironment(data, development);
    if (!environment) return problems;
    const stack = new ChatStack(app, environment);
    const found = stack.node
      .findAll()
      .flatMap((construct) =>
        construct.node
          .validate()
          .map((message) => `${environment.environment}: ${message} (${construct.node.path})`),
      );
    return [...problems, ...found];
  });
  if (problems.length) throw new EnvironmentError(problems);
  app.synth();
}
