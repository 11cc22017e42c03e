import { lstatSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Problem } from "../../cli/problem.ts";
import { LOCK_FILE } from "../../terraform/lock.ts";
import { type ImageTags, parseImageTags } from "../inputs.ts";
import { objections, parseStack } from "./check.ts";

/** The most bytes of a file that a pull request may hand in: ten times what a stack has. */
const MAX_BYTES = 10 * 1024 * 1024;
const TAG = /^content-[0-9a-f]{20}$/;

export interface Admission {
  /** Why the stack may not be planned; none if it was taken over. */
  readonly objections: readonly string[];
  readonly tags: ImageTags;
}

/**
 * Puts the stack that a pull request synthesised in place of the one that reviewed code synthesised, if the planning role
 * may plan it. The stack is written again, so that Terraform reads what was checked.
 * @param folder what the pull request's job uploaded
 * @param target folder with the reviewed stacks. @default cdktf.out
 * @throws Problem where a file is missing or is none of what synthesis writes
 */
export function admit(environment: string, folder: string, target = "cdktf.out"): Admission {
  const tags = parseImageTags(read(folder, "image-tags.json"));
  for (const [name, tag] of Object.entries(tags))
    if (!TAG.test(tag))
      throw new Problem(`The pull request's tag of ${name} does not name an image's content.`);

  const stack = path.join("stacks", environment, "cdk.tf.json");
  const json = parsed(read(folder, stack), stack);
  const lock = path.join("stacks", environment, LOCK_FILE);
  const found = [
    ...objections(json, JSON.parse(readFileSync(path.join(target, stack), "utf8"))),
    ...(read(folder, lock) === readFileSync(path.join(target, lock), "utf8")
      ? []
      : [`${LOCK_FILE}: names other providers than what runs`]),
  ];
  if (found.length === 0) writeFileSync(path.join(target, stack), JSON.stringify(json, null, 2));
  return { objections: found, tags };
}

function parsed(text: string, file: string): unknown {
  try {
    return parseStack(text);
  } catch (error) {
    throw new Problem(
      `${file} of the pull request can't be read: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** Reads a file, and no link that leads elsewhere. */
function read(folder: string, file: string): string {
  let place = folder;
  for (const part of file.split(path.sep)) {
    place = path.join(place, part);
    const found = lstatSync(place, { throwIfNoEntry: false });
    if (!found || found.isSymbolicLink() || found.size > MAX_BYTES)
      throw new Problem(
        `The pull request's job uploaded no ${file}, a link, or one of more than ${MAX_BYTES} bytes.`,
      );
  }
  return readFileSync(place, "utf8");
}
