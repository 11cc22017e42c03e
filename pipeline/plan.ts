import * as z from "zod";
import { Problem } from "../local/problem.ts";

const change = z.object({
  actions: z.array(z.enum(["no-op", "create", "read", "update", "delete", "forget"])).min(1),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  after_unknown: z.unknown().optional(),
  before_sensitive: z.unknown().optional(),
  after_sensitive: z.unknown().optional(),
  replace_paths: z.array(z.array(z.union([z.string(), z.number()]))).default([]),
  importing: z.unknown().optional(),
});

const resourceChange = z.object({
  address: z.string(),
  previous_address: z.string().optional(),
  /** Key of an object that a failed replacement left behind. */
  deposed: z.string().optional(),
  mode: z.enum(["managed", "data"]),
  change,
});

const schema = z.object({
  // A new minor version only adds; a new major one may mean something else by these names.
  format_version: z.string().regex(/^1\./),
  errored: z.boolean().default(false),
  resource_changes: z.array(resourceChange).default([]),
  output_changes: z.record(z.string(), change).default({}),
});

/** Values before and after, with Terraform's marks for what is sensitive and what is known only after the apply. */
export type Change = z.output<typeof change>;
export type ResourceChange = z.output<typeof resourceChange>;
export interface Plan {
  /** What would change, sorted by address; data sources and what stays as it is are left out. */
  readonly resources: readonly ResourceChange[];
  readonly outputs: Readonly<Record<string, Change>>;
}

export const isReplacement = ({ actions }: Change) => actions.length > 1;

/** Whether Terraform would do something: a move or an import changes the state alone, and counts. */
const changes = ({ mode, change, previous_address }: ResourceChange) =>
  mode === "managed" &&
  (change.actions[0] !== "no-op" || previous_address !== undefined || change.importing !== undefined);

/** The address, with the key of an object left behind where it is about that. */
export const nameOf = ({ address, deposed }: ResourceChange) =>
  deposed === undefined ? address : `${address} (left behind as ${deposed})`;

/**
 * Reads what `terraform show -json <plan>` prints.
 * @throws Problem where it is something else, of a format that is not known here, or the plan failed
 */
export function parsePlan(json: string, source: string): Plan {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // The parser's message would quote the text, which may hold secrets.
    throw new Problem(`${source} is no JSON: write it with terraform show -json`);
  }
  const { data, error } = schema.safeParse(value);
  if (!data) {
    const where = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).slice(0, 3);
    throw new Problem(`${source} is no plan as terraform show -json prints it: ${where.join("; ")}`);
  }
  if (data.errored) throw new Problem(`${source} is a plan that failed: plan again`);
  return {
    resources: data.resource_changes
      .filter(changes)
      .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0)),
    outputs: Object.fromEntries(
      Object.entries(data.output_changes).filter(([, { actions }]) => actions[0] !== "no-op"),
    ),
  };
}
