import type { App } from "cdktf";
import { development } from "../environments/development.ts";
import { type EnvironmentData, EnvironmentError, parseEnvironment } from "../environments/schema.ts";
import { ChatStack } from "./chat/chat-stack.ts";
import { PipelineStack } from "./pipeline/stack.ts";

/**
 * Writes the Terraform of every environment, and of the pipeline's rights in it, below `cdktf.out/stacks`.
 * @throws EnvironmentError with every problem of every environment; nothing is written then
 */
export function synthesise(app: App, environments: readonly EnvironmentData[]): void {
  const problems = environments.flatMap((data) => {
    const { environment, problems } = parseEnvironment(data, development);
    if (!environment) return problems;
    const stacks = [new ChatStack(app, environment), new PipelineStack(app, environment)];
    const found = stacks
      .flatMap(({ node }) => node.findAll())
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
