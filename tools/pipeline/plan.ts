import { Problem } from "../local/problem.ts";
import { type ResourceChange, readPlan, type ValueChange } from "../ops/deployment/plan-json.ts";

export interface Plan {
  /** What would change, sorted by address; data sources and what stays as it is are left out. */
  readonly resources: readonly ResourceChange[];
  readonly outputs: Readonly<Record<string, ValueChange>>;
}

export const isReplacement = ({ actions }: ValueChange) => actions.length > 1;

/** Whether Terraform would do something: a move or an import changes the state alone, and counts. */
const changes = ({ mode, change, previous_address }: ResourceChange) =>
  mode === "managed" &&
  (change.actions[0] !== "no-op" || previous_address !== undefined || change.importing !== undefined);

/** The address, with the key of an object left behind where it is about that. */
export const nameOf = ({ address, deposed }: ResourceChange) =>
  deposed === undefined ? address : `${address} (left behind as ${deposed})`;

/**
 * What the plan would change that `terraform show -json <plan>` printed.
 * @throws Problem where it is something else, of a format that is not known here, or the plan failed
 */
export function parsePlan(json: string, source: string): Plan {
  const { plan, problem } = readPlan(json, source);
  if (!plan) throw new Problem(problem);
  return {
    resources: plan.resource_changes
      .filter(changes)
      .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0)),
    outputs: Object.fromEntries(
      Object.entries(plan.output_changes).filter(([, { actions }]) => actions[0] !== "no-op"),
    ),
  };
}
