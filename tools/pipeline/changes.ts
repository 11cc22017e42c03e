import { deflateRawSync, inflateRawSync } from "node:zlib";
import * as z from "zod";
import { Problem } from "../local/problem.ts";
import { nameOf, type Plan } from "./plan.ts";

/** Bytes of a list that is read back; a plan of ten thousand resources has a tenth of it. */
const MOST_BYTES = 10 * 1024 * 1024;

/** Characters of the packed list, so that a comment has room for the rest. */
const MOST_PACKED = 30_000;

/**
 * What a plan would do: one line `address: actions` for each resource, sorted. Values are left out, since an image's
 * tag is another at every commit.
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

/** The list as letters, digits, `+`, `/` and `=`, to be hidden in a comment or handed from job to job. */
export function pack(changes: readonly string[]): string {
  const packed = deflateRawSync(JSON.stringify(changes)).toString("base64");
  if (packed.length > MOST_PACKED)
    throw new Problem(
      `The plan changes ${changes.length} resources; their list takes ${packed.length} characters, and at most ` +
        `${MOST_PACKED} fit into a comment. Split the change`,
    );
  return packed;
}

/** @throws Problem where `packed` was not made by {@link pack} */
export function unpack(packed: string): string[] {
  try {
    const json = inflateRawSync(Buffer.from(packed, "base64"), { maxOutputLength: MOST_BYTES }).toString();
    return z.array(z.string()).parse(JSON.parse(json));
  } catch {
    throw new Problem("The list of reviewed changes is damaged: plan again");
  }
}

export interface Deviation {
  /** What would be done now and was not shown. */
  readonly unreviewed: readonly string[];
  /** What was shown and would not be done now. */
  readonly gone: readonly string[];
}

/** How what would be done now differs from what was reviewed; none where both are the same. */
export function deviation(reviewed: readonly string[], now: readonly string[]): Deviation | undefined {
  const without = (list: readonly string[], other: readonly string[]) =>
    list.filter((line) => !other.includes(line));
  const [unreviewed, gone] = [without(now, reviewed), without(reviewed, now)];
  return unreviewed.length || gone.length ? { unreviewed, gone } : undefined;
}
