import { readFileSync } from "node:fs";
import * as z from "zod";
import { EXIT, Problem } from "../problem.ts";

/** What Terraform would do to a resource, as `create`, `update`, `delete`, `replace`. */
export interface Change {
  readonly address: string;
  readonly action: "create" | "update" | "replace" | "delete" | "forget";
}

const plan = z.object({
  resource_changes: z
    .array(z.object({ address: z.string(), change: z.object({ actions: z.array(z.string()).min(1) }) }))
    .default([]),
});

/** The changes of a plan, out of what `terraform show -json` prints of it. Of all that it holds no value is read. */
export function changesOf(json: unknown): Change[] {
  return plan
    .parse(json)
    .resource_changes.flatMap(({ address, change: { actions } }) => {
      const action = actionOf(actions);
      return action ? [{ address, action }] : [];
    })
    .sort((a, b) => (a.address < b.address ? -1 : 1));
}

function actionOf(actions: readonly string[]): Change["action"] | undefined {
  if (actions.includes("create") && actions.includes("delete")) return "replace";
  const [action] = actions;
  switch (action) {
    case "create":
    case "update":
    case "delete":
    case "forget":
      return action;
    case "no-op":
    case "read":
      return undefined;
    default:
      throw new Problem(
        `Terraform plans the action ${action}, which ops does not know`,
        "Use the Terraform version that the project names, or teach ops/deployment/plan.ts",
        EXIT.failed,
      );
  }
}

/** The changes that were shown in a review. */
export function readReviewed(file: string): Change[] {
  try {
    return changesOf(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    if (error instanceof Problem) throw error;
    // Neither Zod's nor the parser's words may be shown: they quote the plan, which may hold secrets.
    const why = error instanceof Error && "code" in error ? error.message : "it holds no resource_changes";
    throw new Problem(
      `--plan-check ${file}: ${why}`,
      "It must be what terraform show -json <plan> prints, or its resource_changes alone: address and change.actions",
      EXIT.usage,
    );
  }
}

const key = ({ address, action }: Change) => `${action} ${address}`;

/** Changes of `plan` that `allowed` does not hold. */
export function beyond(plan: readonly Change[], allowed: readonly Change[]): Change[] {
  const known = new Set(allowed.map(key));
  return plan.filter((change) => !known.has(key(change)));
}

/** @throws Problem where a plan would do more than was agreed on */
export function checkWithin(plan: readonly Change[], allowed: readonly Change[], agreedOn: string): void {
  const more = beyond(plan, allowed);
  if (more.length === 0) return;
  throw new Problem(
    `the plan is no longer ${agreedOn}; it would also:\n${more.map((change) => `  ${key(change)}`).join("\n")}`,
    "Something changed since: review a new plan, and deploy that",
    EXIT.failed,
  );
}

/** Counts, then what is replaced or destroyed. */
export function summaryLines(changes: readonly Change[]): string[] {
  const count = (action: Change["action"]) => changes.filter((change) => change.action === action).length;
  const grave = changes.filter(({ action }) => action !== "create" && action !== "update");
  return [
    `plan: ${count("create")} to create, ${count("update")} to update, ${count("replace")} to replace, ${count("delete")} to destroy`,
    ...grave.map((change) => `  ${key(change)}`),
  ];
}
