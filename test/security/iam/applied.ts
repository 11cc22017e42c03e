import { readFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod";
import type { PolicyStatement } from "../../../constructs/iam-policy.ts";
import type { EnvironmentData } from "../../../environments/schema.ts";
import type { Policies } from "../../../tools/terraform-offline/iam/evaluator.ts";
import { check, type Run, synthesised } from "../../terraform/offline.ts";

const state = z.object({
  values: z.object({
    root_module: z.object({
      resources: z.array(
        z.object({ type: z.string(), address: z.string(), values: z.record(z.string(), z.unknown()) }),
      ),
    }),
  }),
});
export type Applied = z.infer<typeof state>["values"]["root_module"]["resources"][number];

/** Applies a stack offline and destroys it. @returns the run, and the resources that there were */
export async function applied(
  data: EnvironmentData,
  stack?: string,
): Promise<{ readonly run: Run; readonly resources: readonly Applied[] }> {
  const synth = synthesised(data, stack);
  const file = path.join(synth.out, "state.json");
  const run = await check(synth, "--state", file);
  if (run.code !== 0) throw new Error(run.output);
  return { run, resources: state.parse(JSON.parse(readFileSync(file, "utf8"))).values.root_module.resources };
}

const oneOrMore = z.union([z.string(), z.array(z.string())]);
const document = z.strictObject({
  Version: z.literal("2012-10-17"),
  Statement: z.array(
    z.strictObject({
      Sid: z.string(),
      Effect: z.enum(["Allow", "Deny"]),
      Action: oneOrMore,
      Resource: oneOrMore,
      Condition: z.record(z.string(), z.record(z.string(), oneOrMore)).optional(),
    }),
  ),
});
const statements = (policy: unknown): PolicyStatement[] =>
  document.parse(JSON.parse(String(policy))).Statement.map(({ Condition, ...statement }) => ({
    ...statement,
    ...(Condition && { Condition }),
  }));

/** The policies of a role: its own, attached ones, and its permissions boundary. */
export function policiesOf(roleArn: string, resources: readonly Applied[]): Policies {
  const of = (type: string) => resources.filter((one) => one.type === type).map(({ values }) => values);
  const managed = (arn: unknown) => of("aws_iam_policy").find((policy) => policy.arn === arn)?.policy;
  const role = of("aws_iam_role").find(({ arn }) => arn === roleArn);
  if (!role) throw new Error(`no role ${roleArn} was applied`);
  return {
    statements: [
      ...of("aws_iam_role_policy")
        .filter((policy) => policy.role === role.name)
        .flatMap(({ policy }) => statements(policy)),
      ...of("aws_iam_role_policy_attachment")
        .filter((attachment) => attachment.role === role.name)
        .flatMap(({ policy_arn }) => statements(managed(policy_arn))),
    ],
    ...(role.permissions_boundary ? { boundary: statements(managed(role.permissions_boundary)) } : {}),
  };
}
