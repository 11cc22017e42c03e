import { readFileSync } from "node:fs";
import * as z from "zod";
import { type ImageName, ownImages, tagVariable } from "../../environments/image-tags.ts";
import { Problem } from "../cli/problem.ts";
import { environmentVariables } from "../terraform/variables.ts";

const imageTags = z.strictObject({ synapse: z.string().min(1), mcp: z.string().min(1) });
/** Tags of the images that this project builds, with or without a digest. */
export type ImageTags = z.output<typeof imageTags>;

/** @throws Problem where the JSON does not name both images */
export function parseImageTags(json: string): ImageTags {
  const parsed = imageTags.safeParse(readJson(json, "IMAGE_TAGS", '{"synapse": "…", "mcp": "…"}'));
  if (parsed.success) return parsed.data;
  throw new Problem(`IMAGE_TAGS must be an object with the tags of ${ownImages.join(" and ")}.`);
}

/** The tags, each with the digest of the image that runs, if that has the same content. */
export const asRunning = (tags: ImageTags, running: Partial<Record<ImageName, string>>): ImageTags => ({
  synapse: sameContent(tags.synapse, running.synapse),
  mcp: sameContent(tags.mcp, running.mcp),
});

const sameContent = (tag: string, running: string | undefined) =>
  running?.split(":").slice(1).join(":").startsWith(`${tag}@`)
    ? running.slice(running.indexOf(":") + 1)
    : tag;

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
 * @param imageTags tags of the two images that this project builds
 * @param declared the variables that the environment declares
 * @throws Problem that names the variables that the environment does not declare
 */
export function terraformVariables(
  json: string,
  imageTags: ImageTags,
  declared: readonly string[],
): Record<string, string> {
  const parsed = z
    .record(z.string(), z.unknown())
    .safeParse(readJson(json.trim() || "{}", "INPUTS", "environments/<environment>.example.tfvars.json"));
  if (!parsed.success) throw new Problem("INPUTS must be a JSON object of Terraform variables by name.");
  const unknown = Object.keys(parsed.data).filter((name) => !declared.includes(name));
  if (unknown.length)
    throw new Problem(
      `INPUTS: the environment has no variable ${unknown.join(", ")}; it has ${declared.join(", ")}.`,
    );
  const values = {
    ...parsed.data,
    [tagVariable("synapse")]: imageTags.synapse,
    [tagVariable("mcp")]: imageTags.mcp,
  };
  return environmentVariables(values);
}

function readJson(text: string, name: string, example: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem(`${name} is not JSON: write it like ${example}.`);
  }
}
