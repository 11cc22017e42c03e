import { readFileSync } from "node:fs";
import * as z from "zod";
import type { Environment } from "../../../environments/schema.ts";
import type { Request } from "../../../tools/terraform-offline/iam/evaluator.ts";

export const ACCOUNT = "123456789012";
export const REGION = "us-east-1";

/** A request, and what makes it. */
export interface Need extends Request {
  readonly because: string;
}

const recorded = z
  .strictObject({
    about: z.string(),
    needs: z.array(
      z.strictObject({
        action: z.string(),
        call: z.string(),
        phases: z.array(z.string()),
        resources: z.array(z.string()),
        context: z.record(z.string(), z.string()).default({}),
      }),
    ),
  })
  .parse(JSON.parse(readFileSync("test/security/iam/iam-needs.json", "utf8"))).needs;

/** What only the provider asked for with which the needs were recorded: a newer one reads no write-only secret. */
const isFormer = (action: string, resource: string) =>
  action === "logs:ListTagsLogGroup" ||
  (action === "secretsmanager:GetSecretValue" && !resource.includes("-synapse-homeserver-config-"));

/** Requests about a role whose permissions boundary IAM knows: the recorded provider knew none. */
const ABOUT_BOUNDARY = [
  "iam:CreateRole",
  "iam:PutRolePolicy",
  "iam:PutRolePermissionsBoundary",
  "iam:UpdateAssumeRolePolicy",
];

/** Adds the boundary that the stack gives its roles. */
export const withinBoundary = <T extends Request>(need: T, boundary: string): T =>
  ABOUT_BOUNDARY.includes(need.action)
    ? { ...need, context: { ...need.context, "iam:PermissionsBoundary": boundary } }
    : need;

/** What Terraform asked for in an environment, with and without workers, in some of its phases. */
export const recordedNeeds = (
  { environment }: Pick<Environment, "environment">,
  ...phases: ("plan" | "second plan" | "apply" | "destroy")[]
): readonly Need[] =>
  recorded
    .filter((need) =>
      need.phases.some((phase) =>
        phases.some((one) =>
          [`${environment}: ${one}`, `${environment} with workers: ${one}`].includes(phase),
        ),
      ),
    )
    .flatMap(({ action, call, resources, context }) =>
      resources
        .filter((resource) => !isFormer(action, resource))
        .map((resource) => ({ action, resource, context, because: call })),
    );

/** ARN in the recorded account and region. */
export const arn = (service: string, resource: string) =>
  `arn:aws:${service}:${REGION}:${ACCOUNT}:${resource}`;
