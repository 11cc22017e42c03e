import * as z from "zod";

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
  mode: z.enum(["managed", "data"]).default("managed"),
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
export type ValueChange = z.output<typeof change>;
export type ResourceChange = z.output<typeof resourceChange>;
export type PlanJson = Omit<z.output<typeof schema>, "format_version">;

type Reading =
  | { readonly plan: PlanJson; readonly problem?: undefined }
  | { readonly plan?: undefined; readonly problem: string };

/** Reads what `terraform show -json <plan>` prints. @returns a problem where it is something else, or the plan failed */
export const readPlan = (json: string, source: string): Reading => read(schema, json, source);

/** The same, of a plan whose `resource_changes` alone may have been kept. */
export const readExcerpt = (json: string, source: string): Reading =>
  read(schema.partial({ format_version: true }), json, source);

function read(form: z.ZodType<PlanJson>, json: string, source: string): Reading {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // The parser's message would quote the text, which may hold secrets.
    return { problem: `${source} is no JSON: write it with terraform show -json` };
  }
  const { data: plan, error } = form.safeParse(value);
  if (!plan) {
    const where = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).slice(0, 3);
    return { problem: `${source} is no plan as terraform show -json prints it: ${where.join("; ")}` };
  }
  return plan.errored ? { problem: `${source} is a plan that failed: plan again` } : { plan };
}
