import { readFileSync } from "node:fs";
import * as z from "zod";
import type { PolicyStatement } from "../../../constructs/iam-policy.ts";
import type { Request } from "./evaluator.ts";

const oneOrMore = z.union([z.string(), z.array(z.string())]);
/** What the file of `TF_OFFLINE_ROLE` holds. */
export interface RoleFile {
  /** Name of the role with which Terraform runs. */
  readonly role: string;
  /** Statements of all its policies. */
  readonly statements: readonly PolicyStatement[];
  /** What AWS asks IAM for each action: examples of the resource, and of the values of condition keys. */
  readonly requests: readonly Request[];
}

const schema = z.object({
  role: z.string(),
  statements: z.array(
    z
      .strictObject({
        Sid: z.string(),
        Effect: z.enum(["Allow", "Deny"]),
        Action: oneOrMore,
        Resource: oneOrMore,
        Condition: z.record(z.string(), z.record(z.string(), oneOrMore)).optional(),
      })
      .transform(
        ({ Condition, ...statement }): PolicyStatement => ({ ...statement, ...(Condition && { Condition }) }),
      ),
  ),
  requests: z.array(
    z.object({
      action: z.string(),
      resource: z.string(),
      context: z.record(z.string(), z.string()).default({}),
    }),
  ),
});

/** An example of what AWS asks IAM for. */
export type Example = Required<Request>;

/** A role whose policies are enforced. */
export interface Role {
  readonly name: string;
  readonly statements: readonly PolicyStatement[];
  readonly examples: ReadonlyMap<string, readonly Example[]>;
}

/** The role in the file that TF_OFFLINE_ROLE names; `undefined` without it. @throws Error where it is malformed */
export function readRole(file = process.env["TF_OFFLINE_ROLE"]): Role | undefined {
  if (!file) return undefined;
  try {
    const { role, statements, requests } = schema.parse(JSON.parse(readFileSync(file, "utf8")));
    const examples = new Map<string, Example[]>();
    for (const example of requests)
      examples.set(example.action, [...(examples.get(example.action) ?? []), example]);
    return { name: role, statements, examples };
  } catch (error) {
    throw new Error(`TF_OFFLINE_ROLE: ${file}: ${error instanceof Error ? error.message : error}`);
  }
}
