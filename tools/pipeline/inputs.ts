import { readFileSync } from "node:fs";
import * as z from "zod";
import { ownImages, tagVariable } from "../../environments/image-tags.ts";
import { Problem } from "../cli/problem.ts";
import { environmentVariables } from "../terraform/variables.ts";

const stack = z.object({ variable: z.record(z.string(), z.unknown()) });

/** Names of the variables that the synthesised stack of an environment declares. */
export function declaredVariables(environment: string): string[] {
  const file = `cdktf.out/stacks/${environment}/cdk.tf.json`;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new Problem(`${file} is missing: write it with npm run synth.`);
  }
  return Object.keys(stack.parse(JSON.parse(text)).variable);
}

/**
 * The environment variables from which Terraform reads the inputs of an environment.
 * @param json an object by variable name, as in `environments/<environment>.example.tfvars.json`; empty where the
 *   inputs come from remote state
 * @param imageTag tag of the two images that this project builds
 * @param declared the variables that the environment declares
 * @throws Problem that names the variables that the environment does not declare
 */
export function terraformVariables(
  json: string,
  imageTag: string,
  declared: readonly string[],
): Record<string, string> {
  const parsed = z.record(z.string(), z.unknown()).safeParse(readJson(json.trim() || "{}"));
  if (!parsed.success) throw new Problem("INPUTS must be a JSON object of Terraform variables by name.");
  const unknown = Object.keys(parsed.data).filter((name) => !declared.includes(name));
  if (unknown.length)
    throw new Problem(
      `INPUTS: the environment has no variable ${unknown.join(", ")}; it has ${declared.join(", ")}.`,
    );
  const values = {
    ...parsed.data,
    ...Object.fromEntries(ownImages.map((image) => [tagVariable(image), imageTag])),
  };
  return environmentVariables(values);
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem("INPUTS is not JSON: write it like environments/<environment>.example.tfvars.json.");
  }
}
