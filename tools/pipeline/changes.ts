import { deflateRawSync, inflateRawSync } from "node:zlib";
import * as z from "zod";
import { Problem } from "../cli/problem.ts";
import { fingerprint, fingerprintSchema, sameValues } from "../terraform/fingerprint.ts";
import { nameOf, type Plan } from "../terraform/plan.ts";
import type { ResourceChange, ValueChange } from "../terraform/plan-json.ts";

/** The limit for an unpacked review, ten times what ten thousand resources need. */
const MAX_BYTES = 20 * 1024 * 1024;

/** The limit for a packed review, which leaves room for what can't be made again and for counts. */
const MAX_PACKED = 56_000;

/** A change of a plan, with its values. */
interface PlannedChange {
  readonly name: string;
  /** Where the resource comes from: `move from …`, `import …`. */
  readonly origin: readonly string[];
  /** Terraform's actions, such as `delete, create`. */
  readonly actions: string;
  readonly change: ValueChange;
  readonly resource?: ResourceChange;
}

const reviewSchema = z.object({
  environment: z.string(),
  /** The commit whose plan was shown. */
  commit: z.string(),
  /** There is no plan, because the pull request's stack was refused. @default false */
  refused: z.boolean().optional(),
  changes: z
    .array(
      fingerprintSchema.extend({
        name: z.string(),
        origin: z.array(z.string()).readonly(),
        actions: z.string(),
      }),
    )
    .readonly(),
});

/** What a plan showed: which changes of which resources, and hashes of the values that it would set. */
export type Review = z.output<typeof reviewSchema>;
type ReviewedChange = Review["changes"][number];

const lineOf = ({ name, origin, actions }: Omit<ReviewedChange, "hash" | "unknown">) =>
  `${name}: ${[...origin, ...(actions ? [actions] : [])].join(", ")}`;

const actionsOf = ({ actions }: ValueChange) => actions.filter((action) => action !== "no-op").join(", ");

/** What a plan would do to each resource and output. */
function plannedChanges({ resources, outputs }: Plan): PlannedChange[] {
  return [
    ...resources.map((resource) => {
      const { previous_address, change } = resource;
      const origin = [
        ...(previous_address === undefined ? [] : [`move from ${previous_address}`]),
        ...(change.importing === undefined ? [] : [`import ${change.importing.id ?? ""}`.trim()]),
      ];
      return { name: nameOf(resource), origin, actions: actionsOf(change), change, resource };
    }),
    ...Object.entries(outputs).map(([name, change]) => ({
      name: `output ${name}`,
      origin: [],
      actions: actionsOf(change),
      change,
    })),
  ];
}

/** One line `address: actions` for each change, sorted by address. */
export const changesOf = (plan: Plan): string[] => plannedChanges(plan).map(lineOf);

/** What can be compared later with another plan of the same commit. */
export const reviewOf = (plan: Plan, source: Pick<Review, "environment" | "commit">): Review => ({
  ...source,
  changes: plannedChanges(plan).map(({ name, origin, actions, change }) => ({
    name,
    origin,
    actions,
    ...fingerprint(change),
  })),
});

/** Packs a review as Base64, to be hidden in a comment or passed from job to job. */
export function pack(review: Review): string {
  const hashes = Buffer.concat(review.changes.map(({ hash }) => Buffer.from(hash, "base64url")));
  // Hashes can't be compressed: they follow the rest as they are.
  const { changes, ...source } = review;
  const rest = deflateRawSync(
    JSON.stringify({
      ...source,
      changes: changes.map(({ name, origin, actions, unknown }) => [name, origin, actions, unknown]),
    }),
    { level: 9 },
  );
  const length = Buffer.alloc(4);
  length.writeUInt32BE(rest.length);
  const packed = Buffer.concat([length, rest, hashes]).toString("base64");
  if (packed.length > MAX_PACKED)
    throw new Problem(
      `The plan changes ${changes.length} resources and outputs; their list takes ${packed.length} characters, and ` +
        `at most ${MAX_PACKED} fit into a comment.`,
      "Split the change into several pull requests.",
    );
  return packed;
}

const packedSchema = reviewSchema.extend({
  changes: z.array(z.tuple([z.string(), z.array(z.string()), z.string(), fingerprintSchema.shape.unknown])),
});

/** @throws Problem where `packed` was not made by {@link pack} */
export function unpack(packed: string): Review {
  try {
    const bytes = Buffer.from(packed, "base64");
    const end = 4 + bytes.readUInt32BE();
    const json = inflateRawSync(bytes.subarray(4, end), { maxOutputLength: MAX_BYTES }).toString();
    const { changes, ...source } = packedSchema.parse(JSON.parse(json));
    const hashes = bytes.subarray(end);
    const size = hashes.length / Math.max(1, changes.length);
    if (!Number.isInteger(size)) throw new Error("a hash is missing");
    return {
      ...source,
      changes: changes.map(([name, origin, actions, unknown], index) => ({
        name,
        origin,
        actions,
        unknown,
        hash: hashes.subarray(index * size, (index + 1) * size).toString("base64url"),
      })),
    };
  } catch {
    throw new Problem("The list of reviewed changes is damaged: plan again.");
  }
}

export interface Comparison {
  /** Planned changes that were not reviewed: other resources, other actions, or other values. */
  readonly unreviewed: readonly string[];
  /** Reviewed changes that are no longer planned, because an earlier run has applied them. */
  readonly done: readonly string[];
}

/** Compares the changes that are planned now with those that were reviewed. */
export function compare(review: Review, plan: Plan): Comparison {
  const reviewed = new Map(review.changes.map((change) => [change.name, change]));
  const planned = plannedChanges(plan);
  const names = new Set(planned.map(({ name }) => name));
  return {
    unreviewed: planned.flatMap((change) => {
      const difference = differenceOf(reviewed, change);
      return difference === undefined ? [] : [`${lineOf(change)}${difference}`];
    }),
    done: review.changes.filter(({ name }) => !names.has(name)).map(lineOf),
  };
}

/** How a planned change differs from what was reviewed; `undefined` where it was reviewed. */
function differenceOf(
  review: ReadonlyMap<string, ReviewedChange>,
  planned: PlannedChange,
): string | undefined {
  const { resource } = planned;
  // What a replacement left behind when it was interrupted.
  if (resource?.deposed !== undefined && review.get(resource.address)?.actions === "create, delete")
    return undefined;
  const reviewed = review.get(planned.name);
  if (reviewed === undefined) return "";
  if (!continues(reviewed, planned)) return ` (reviewed was: ${lineOf(reviewed)})`;
  return sameValues(reviewed, planned.change) ? undefined : " (with other values than were reviewed)";
}

/** Whether the planned actions are the reviewed ones, or what is left of them after a deployment that ended half-way. */
function continues(reviewed: ReviewedChange, { origin, actions, resource }: PlannedChange): boolean {
  if (!origin.every((part) => reviewed.origin.includes(part))) return false;
  if (reviewed.actions === actions) return true;
  // Terraform marks what it could create only in part, and then replaces it.
  if (reviewed.actions === "create") return resource?.action_reason === "replace_because_tainted";
  return actions === "create" && reviewed.actions === "delete, create";
}
