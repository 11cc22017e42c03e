import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { App } from "cdktf";
import type { EnvironmentData } from "../../environments/schema.ts";
import { synthesise } from "../../stacks/synthesise.ts";
import { enforcedRole } from "./enforced-role.ts";
import { existingData } from "./existing-data.ts";
import { runTool } from "./tool.ts";

export { TOOL } from "./tool.ts";

export interface Synthesised {
  /** Folder of the stack's `cdk.tf.json`. */
  readonly stack: string;
  /** Options with values that synthesis doesn't know. */
  readonly inputs: readonly string[];
  /** Folder for the files of a run. */
  readonly out: string;
  /** Environment variables that enforce the role which deploys the stack. An administrator applies the pipeline's. */
  readonly role: Readonly<Record<string, string>>;
}

const json = (file: string) => JSON.parse(readFileSync(file, "utf8"));

/**
 * Synthesises an environment into its own folder, with its example values.
 * @param name of the stack. @default - the environment's own
 */
export function synthesised(data: EnvironmentData, name = data.environment): Synthesised {
  const out = mkdtempSync(path.join(tmpdir(), "phenom-chat-"));
  synthesise(new App({ outdir: path.join(out, "cdktf.out"), stackTraces: false }), [data]);
  const stack = path.join(out, "cdktf.out/stacks", name);
  const declared = Object.keys(json(path.join(stack, "cdk.tf.json")).variable ?? {});
  const values = json(`environments/${data.environment}.example.tfvars.json`);
  const examples = Object.entries(values);
  const existing = path.join(out, "data.json");
  writeFileSync(existing, JSON.stringify(existingData(data, values)));
  const variables = path.join(out, "variables.tfvars.json");
  writeFileSync(
    variables,
    JSON.stringify(Object.fromEntries(examples.filter(([name]) => declared.includes(name)))),
  );
  return {
    stack,
    out,
    role: name === data.environment ? enforcedRole(out, data) : {},
    inputs: [
      "--var-file",
      variables,
      "--data",
      existing,
      ...(data.inputs.from === "remote-state"
        ? ["--remote-outputs", path.resolve(`environments/${data.environment}.example.remote.json`)]
        : []),
    ],
  };
}

export interface Run {
  readonly code: number;
  readonly output: string;
  /** Lines `warn …`: warnings of Terraform and of the tool. */
  readonly warnings: readonly string[];
  /** Lines `diff …` of each mutation: address and actions. */
  readonly touched: readonly (readonly string[])[];
}

const lines = (output: string, kind: string) =>
  output
    .split("\n")
    .filter((line) => line.startsWith(`${kind}  `))
    .map((line) => line.slice(kind.length + 2));

const mutations = (output: string) =>
  output
    .split(/^ok {4}mutate /m)
    .slice(1)
    .map((step) => lines(step, "diff"));

/** init, plan, apply, a second plan that must be empty, destroy: with the rights of the deploying role. */
export async function check({ stack, inputs, role }: Synthesised, ...options: string[]): Promise<Run> {
  const { code, output } = await runTool([stack, "check", ...inputs, ...options], {
    env: { ...process.env, ...role },
  });
  return { code, output, warnings: lines(output, "warn"), touched: mutations(output) };
}
