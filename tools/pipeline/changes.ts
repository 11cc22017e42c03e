import { deflateRawSync, inflateRawSync } from "node:zlib";
import * as z from "zod";
import { Problem } from "../cli/problem.ts";
import { nameOf, type Plan } from "./plan.ts";

/** The limit for an unpacked list, ten times what ten thousand resources need. */
const MAX_BYTES = 10 * 1024 * 1024;

/** The limit for a packed list, which leaves room for the rest of a comment. */
const MAX_PACKED = 30_000;

/**
 * What a plan would do: one line `address: actions` for each resource, sorted. Values are left out, because image tags
 * change with each commit.
 */
export const changesOf = ({ resources }: Plan): string[] =>
  resources.map((resource) => {
    const { previous_address, change } = resource;
    const actions = [
      ...(previous_address === undefined ? [] : [`move from ${previous_address}`]),
      ...(change.importing === undefined ? [] : ["import"]),
      ...change.actions.filter((action) => action !== "no-op"),
    ];
    return `${nameOf(resource)}: ${actions.join(", ")}`;
  });

/** Packs the list as Base64, to be hidden in a comment or passed from job to job. */
export function pack(changes: readonly string[]): string {
  const packed = deflateRawSync(JSON.stringify(changes)).toString("base64");
  if (packed.length > MAX_PACKED)
    throw new Problem(
      `The plan changes ${changes.length} resources; their list takes ${packed.length} characters, and at most ` +
        `${MAX_PACKED} fit into a comment.`,
      "Split the change into several pull requests.",
    );
  return packed;
}

/** @throws Problem where `packed` was not made by {@link pack} */
export function unpack(packed: string): string[] {
  try {
    const json = inflateRawSync(Buffer.from(packed, "base64"), { maxOutputLength: MAX_BYTES }).toString();
    return z.array(z.string()).parse(JSON.parse(json));
  } catch {
    throw new Problem("The list of reviewed changes is damaged: plan again.");
  }
}

export interface Deviation {
  /** Changes that are planned now and were not reviewed. */
  readonly unreviewed: readonly string[];
  /** Changes that were reviewed and are no longer planned. */
  readonly gone: readonly string[];
}

/** The difference between the reviewed changes and those planned now; `undefined` if there is none. */
export function deviation(reviewed: readonly string[], now: readonly string[]): Deviation | undefined {
  const without = (list: readonly string[], other: readonly string[]) =>
    list.filter((line) => !other.includes(line));
  const [unreviewed, gone] = [without(now, reviewed), without(reviewed, now)];
  return unreviewed.length || gone.length ? { unreviewed, gone } : undefined;
}
