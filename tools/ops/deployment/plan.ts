import { readFileSync } from "node:fs";
import { EXIT, Problem } from "../problem.ts";
import { readExcerpt, type ValueChange } from "./plan-json.ts";

/** What Terraform would do to a resource, as `create`, `update`, `delete`, `replace`. */
export interface Change {
  readonly address: string;
  readonly action: "create" | "update" | "replace" | "delete" | "forget";
}

/**
 * The changes of a plan, out of what `terraform show -json` prints of it, sorted. Of all that it holds no value is read.
 * @throws Problem with `exitCode` where it is no plan
 */
export function changesOf(json: string, source: string, exitCode: number = EXIT.failed): Change[] {
  const { plan, problem } = readExcerpt(json, source);
  if (!plan)
    throw new Problem(
      problem,
      "It must be what terraform show -json <plan> prints, by the Terraform version that the project names, or its " +
        "resource_changes alone: address and change.actions",
      exitCode,
    );
  return plan.resource_changes
    .flatMap(({ address, change }) => {
      const action = actionOf(change);
      return action ? [{ address, action }] : [];
    })
    .sort((a, b) => (a.address < b.address ? -1 : 1));
}

function actionOf({ actions }: ValueChange): Change["action"] | undefined {
  if (actions.includes("create") && actions.includes("delete")) return "replace";
  const [action] = actions;
  return action === "no-op" || action === "read" ? undefined : action;
}

/** The changes that were shown in a review. */
export function readReviewed(file: string): Change[] {
  const source = `--plan-check ${file}`;
  let json: string;
  try {
    json = readFileSync(file, "utf8");
  } catch (error) {
    throw new Problem(
      `${source}: ${error instanceof Error ? error.message : error}`,
      "Name a file that can be read",
      EXIT.usage,
    );
  }
  return changesOf(json, source, EXIT.usage);
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
