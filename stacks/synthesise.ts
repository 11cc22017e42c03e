import path from "node:path";
import { type App, TerraformResource } from "cdktf";
import { clashes } from "../environments/clashes.ts";
import {
  type Environment,
  type EnvironmentData,
  EnvironmentError,
  parseEnvironment,
} from "../environments/schema.ts";
import type { ReadableStack } from "./addresses.ts";
import { ChatStack } from "./chat/chat-stack.ts";
import { PipelineStack } from "./pipeline/stack.ts";
import { PlatformStack } from "./platform/stack.ts";

/** One stack as synthesis wrote it. */
export interface SynthesisedStack {
  readonly name: string;
  /** Number of its resources. */
  readonly resources: number;
  /** Path of its Terraform JSON. */
  readonly file: string;
  /** Time that it took to make and to write. */
  readonly milliseconds: number;
}

/**
 * Writes the Terraform of each environment and of its pipeline below `cdktf.out/stacks`.
 * @throws EnvironmentError with every problem of every environment; nothing is written then
 */
export function synthesise(app: App, environments: readonly EnvironmentData[]): SynthesisedStack[] {
  const problems: string[] = [];
  const valid: Environment[] = [];
  const stacks: { readonly stack: ReadableStack; milliseconds: number }[] = [];
  for (const data of environments) {
    const parsed = parseEnvironment(data);
    if ("problems" in parsed) {
      problems.push(...parsed.problems);
      continue;
    }
    const shared = clashes(parsed.environment, valid);
    problems.push(...shared);
    if (shared.length) continue;
    valid.push(parsed.environment);
    for (const Stack of [ChatStack, PlatformStack, PipelineStack]) {
      const start = performance.now();
      const stack = new Stack(app, parsed.environment);
      problems.push(...constructProblems(parsed.environment.environment, stack));
      stacks.push({ stack, milliseconds: performance.now() - start });
    }
  }
  if (problems.length) throw new EnvironmentError(problems);

  for (const entry of stacks) {
    const { synthesizer } = entry.stack;
    entry.stack.synthesizer = {
      synthesize(session) {
        const start = performance.now();
        synthesizer.synthesize(session);
        entry.milliseconds += performance.now() - start;
      },
    };
  }
  app.synth();
  return stacks.map(({ stack, milliseconds }) => ({
    name: stack.node.id,
    resources: stack.node.findAll().filter((construct) => TerraformResource.isTerraformResource(construct))
      .length,
    file: path.join(app.outdir, app.manifest.forStack(stack).synthesizedStackPath),
    milliseconds,
  }));
}

const constructProblems = (environment: string, stack: ReadableStack) =>
  stack.node
    .findAll()
    .flatMap(({ node }) => node.validate().map((message) => `${environment}: ${message} (${node.path})`));
