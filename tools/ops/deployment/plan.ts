import { readFileSync } from "node:fs";
import { EXIT, Problem } from "../../cli/problem.ts";
import { type Fingerprint, fingerprint, sameValues } from "../../terraform/fingerprint.ts";
import { readExcerpt, type ValueChange } from "../../terraform/plan-json.ts";

/** What Terraform would do to a resource. */
export interface Change {
  readonly address: string;
  readonly action: "create" | "update" | "replace" | "delete" | "forget";
  /** The values that it would set. @default - unknown */
  readonly values?: ValueChange;
  /** The values that were reviewed. @default - any */
  readonly reviewed?: Fingerprint;
}

/**
 * The changes of a plan that `terraform show -json` printed, sorted by address.
 * @throws Problem with `exitCode` where it is no plan
 */
export function changesOf(json: string, source: string, exitCode: number = EXIT.failed): Change[] {
  return readExcerpt(json, source, exitCode)
    .resource_changes.flatMap(({ address, change }) => {
      const action = actionOf(change);
      return action ? [{ address, action, values: change }] : [];
    })
    .sort((a, b) => (a.address < b.address ? -1 : 1));
}

function actionOf({ actions }: ValueChange): Change["action"] | undefined {
  if (actions.includes("create") && actions.includes("delete")) return "replace";
  const [action] = actions;
  return action === "no-op" || action === "read" ? undefined : action;
}

/** The changes of a reviewed plan. */
export function readReviewed(file: string): Change[] {
  const source = `--plan-check ${file}`;
  let json: string;
  try {
    json = readFileSync(file, "utf8");
  } catch (error) {
    throw new Problem(
      `${source} can't be read: ${error instanceof Error ? error.message : error}`,
      "Name the file that terraform show -json <plan> was written to",
      EXIT.usage,
    );
  }
  return changesOf(json, source, EXIT.usage).map(({ address, action, values }) => ({
    address,
    action,
    ...(values?.after !== undefined && { reviewed: fingerprint(values) }),
  }));
}

const key = ({ address, action }: Change) => `${action} ${address}`;

/** The changes of `plan` that are not in `allowed`, or set other values than were reviewed. */
export function notIn(allowed: readonly Change[], plan: readonly Change[]): Change[] {
  const known = new Map(allowed.map((change) => [key(change), change]));
  return plan.filter((change) => {
    const same = known.get(key(change));
    return !same || (same.reviewed && change.values && !sameValues(same.reviewed, change.values));
  });
}

/** @throws Problem where a plan holds changes that are not in `allowed` */
export function checkWithin(plan: readonly Change[], allowed: readonly Change[], description: string): void {
  const more = notIn(allowed, plan);
  if (more.length === 0) return;
  throw new Problem(
    `the plan is no longer ${description}; it would also:\n${more.map((change) => `  ${key(change)}`).join("\n")}`,
    "Something has changed since: review a new plan, and deploy that",
    EXIT.failed,
  );
}

/** The number of changes of each kind, then what is replaced or destroyed. */
export function summaryLines(changes: readonly Change[]): string[] {
  const count = (action: Change["action"]) => changes.filter((change) => change.action === action).length;
  const grave = changes.filter(({ action }) => action !== "create" && action !== "update");
  return [
    `plan: ${count("create")} to create, ${count("update")} to update, ${count("replace")} to replace, ${count("delete")} to destroy`,
    ...grave.map((change) => `  ${key(change)}`),
  ];
}
