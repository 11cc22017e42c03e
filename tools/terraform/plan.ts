import { type CostChange, costChanges } from "./cost.ts";
import { type Dependencies, dependenciesOf } from "./dependencies.ts";
import { type PlanCheck, type ResourceChange, readPlan, type ValueChange } from "./plan-json.ts";

export interface Plan {
  /** The resources that would change, sorted by address; data sources and unchanged resources are left out. */
  readonly resources: readonly ResourceChange[];
  readonly outputs: Readonly<Record<string, ValueChange>>;
  /** Outputs that are no longer marked as sensitive. */
  readonly exposedOutputs: readonly string[];
  /** Resources that somebody changed outside of Terraform. */
  readonly drift: readonly ResourceChange[];
  /** Changes that can only be planned after this plan is applied, with Terraform's reason. */
  readonly deferred: readonly { readonly reason: string; readonly resource: ResourceChange }[];
  /** Checks that failed, and `check` blocks whose result is not known yet. */
  readonly checks: readonly PlanCheck[];
  readonly dependencies: Dependencies;
  /** Standing costs that change, by the address of the resource. */
  readonly costs: ReadonlyMap<string, CostChange>;
}

export const isReplacement = ({ actions }: ValueChange) => actions.length > 1;

/** Whether Terraform would do something; a move or an import counts, although it only changes the state. */
const changes = ({ mode, change, previous_address }: ResourceChange) =>
  mode === "managed" &&
  (change.actions[0] !== "no-op" || previous_address !== undefined || change.importing !== undefined);

/** The address, with the key of the deposed object where the change is about one. */
export const nameOf = ({ address, deposed }: Pick<ResourceChange, "address" | "deposed">) =>
  deposed === undefined ? address : `${address} (deposed object ${deposed})`;

const byName = (a: ResourceChange, b: ResourceChange) =>
  nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0;

const needsAttention = ({ status, address }: PlanCheck) =>
  status === "fail" || status === "error" || (status === "unknown" && address.kind === "check");

/**
 * What a plan would change, from what `terraform show -json <plan>` printed.
 * @throws Problem where it is something else, its format is unknown, or the plan failed
 */
export function parsePlan(json: string, source: string): Plan {
  const plan = readPlan(json, source);
  const dependencies = dependenciesOf(plan);
  return {
    dependencies,
    resources: plan.resource_changes.filter(changes).sort(byName),
    outputs: Object.fromEntries(
      Object.entries(plan.output_changes).filter(([, { actions }]) => actions[0] !== "no-op"),
    ),
    exposedOutputs: Object.entries(plan.configuration.root_module.outputs)
      .filter(([name, { sensitive }]) => !sensitive && plan.output_changes[name]?.before_sensitive === true)
      .map(([name]) => name),
    drift: plan.resource_drift.filter(({ mode }) => mode === "managed").sort(byName),
    deferred: plan.deferred_changes.map(({ reason, resource_change }) => ({
      reason,
      resource: resource_change,
    })),
    checks: plan.checks.filter(needsAttention),
    costs: costChanges(plan, dependencies),
  };
}
