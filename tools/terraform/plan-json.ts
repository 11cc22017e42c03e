import * as z from "zod";
import { EXIT, Problem } from "../cli/problem.ts";

const change = z.object({
  actions: z.array(z.enum(["no-op", "create", "read", "update", "delete", "forget"])).min(1),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  after_unknown: z.unknown().optional(),
  before_sensitive: z.unknown().optional(),
  after_sensitive: z.unknown().optional(),
  replace_paths: z.array(z.array(z.union([z.string(), z.number()]))).default([]),
  /** Where an import comes from; Terraform 1.12 also knows identities. */
  importing: z.object({ id: z.string().optional() }).optional(),
});

const resourceChange = z.object({
  address: z.string(),
  previous_address: z.string().optional(),
  /** Key of a deposed object, which a failed replacement left behind. */
  deposed: z.string().optional(),
  mode: z.enum(["managed", "data"]).default("managed"),
  type: z.string().default(""),
  /** Why Terraform replaces or destroys the resource, such as `replace_because_tainted`. */
  action_reason: z.string().optional(),
  change,
});

/** A `check` block, or the conditions of a resource, output or variable. */
const check = z.object({
  address: z.object({ kind: z.string(), to_display: z.string() }),
  status: z.enum(["pass", "fail", "error", "unknown"]),
  instances: z
    .array(z.object({ problems: z.array(z.object({ message: z.string() })).default([]) }))
    .default([]),
});

const rootModule = z.object({
  /** Whether the configuration marks outputs: in `output_changes` a former mark stays. */
  outputs: z.record(z.string(), z.object({ sensitive: z.boolean().default(false) })).default({}),
  /** Expressions name what a resource refers to. */
  resources: z
    .array(
      z.object({
        address: z.string(),
        expressions: z.unknown().optional(),
        depends_on: z.array(z.string()).default([]),
      }),
    )
    .default([]),
});

const schema = z.object({
  // A minor version only adds fields; a major version may change what they mean.
  format_version: z.string().regex(/^1\./),
  errored: z.boolean().default(false),
  resource_changes: z.array(resourceChange).default([]),
  output_changes: z.record(z.string(), change).default({}),
  /** What somebody changed outside of Terraform since the last apply. */
  resource_drift: z.array(resourceChange).default([]),
  /** What can't be planned yet. */
  deferred_changes: z.array(z.object({ reason: z.string(), resource_change: resourceChange })).default([]),
  checks: z.array(check).default([]),
  configuration: z
    .object({ root_module: rootModule.default({ outputs: {}, resources: [] }) })
    .default({ root_module: { outputs: {}, resources: [] } }),
});

/** Values before and after, with Terraform's marks for what is sensitive and what is known only after the apply. */
export type ValueChange = z.output<typeof change>;
export type ResourceChange = z.output<typeof resourceChange>;
export type PlanCheck = z.output<typeof check>;
export type PlanJson = Omit<z.output<typeof schema>, "format_version">;

/** A field of values, of which a plan says nothing about their form. */
export const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;

/**
 * Reads what `terraform show -json <plan>` prints.
 * @throws Problem with `exitCode` where it is something else, or the plan failed
 */
export const readPlan = (json: string, source: string, exitCode: number = EXIT.failed): PlanJson =>
  read(schema, json, source, exitCode);

/** The same, of a plan of which only `resource_changes` may be left. */
export const readExcerpt = (json: string, source: string, exitCode: number = EXIT.failed): PlanJson =>
  read(schema.partial({ format_version: true }), json, source, exitCode);

function read(form: z.ZodType<PlanJson>, json: string, source: string, exitCode: number): PlanJson {
  const invalid = (problem: string, remedy: string) => new Problem(`${source} ${problem}`, remedy, exitCode);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    // The parser's message would quote the text, which may hold secrets.
    throw invalid("is not JSON", "Write it with terraform show -json <plan>");
  }
  const { data: plan, error } = form.safeParse(value);
  if (!plan) {
    const issues = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).slice(0, 3);
    throw invalid(
      `is not a plan as terraform show -json prints it: ${issues.join("; ")}`,
      "Write it with the Terraform version that the project names",
    );
  }
  if (plan.errored) throw invalid("is a plan that failed", "Plan again");
  return plan;
}
