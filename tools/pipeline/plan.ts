import { type ResourceChange, readPlan, type ValueChange } from "../terraform/plan-json.ts";

export interface Plan {
  /** The resources that would change, sorted by address; data sources and unchanged resources are left out. */
  readonly resources: readonly ResourceChange[];
  readonly outputs: Readonly<Record<string, ValueChange>>;
}

export const isReplacement = ({ actions }: ValueChange) => actions.length > 1;

/** Whether Terraform would do something; a move or an import counts, although it only changes the state. */
const changes = ({ mode, change, previous_address }: ResourceChange) =>
  mode === "managed" &&
  (change.actions[0] !== "no-op" || previous_address !== undefined || change.importing !== undefined);

/** The address, with the key of the deposed object where the change is about one. */
export const nameOf = ({ address, deposed }: ResourceChange) =>
  deposed === undefined ? address : `${address} (deposed object ${deposed})`;

/**
 * What a plan would change, from what `terraform show -json <plan>` printed.
 * @throws Problem where it is something else, its format is unknown, or the plan failed
 */
export function parsePlan(json: string, source: string): Plan {
  const plan = readPlan(json, source);
  return {
    resources: plan.resource_changes
      .filter(changes)
      .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0)),
    outputs: Object.fromEntries(
      Object.entries(plan.output_changes).filter(([, { actions }]) => actions[0] !== "no-op"),
    ),
  };
}
