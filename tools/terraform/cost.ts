import { type Dependencies, withoutIndex } from "./dependencies.ts";
import type { PlanJson } from "./plan-json.ts";
import { standingCost } from "./standing-costs.ts";

/** US dollars a month. */
export interface CostChange {
  readonly before: number;
  readonly after: number;
}

/** Standing costs before and after the plan, of the resources whose costs differ, by address. */
export function costChanges(plan: PlanJson, dependencies: Dependencies): ReadonlyMap<string, CostChange> {
  const values = new Map(plan.resource_changes.map(({ address, change }) => [withoutIndex(address), change]));
  const found = new Map<string, CostChange>();
  for (const { address, type, mode, deposed, change } of plan.resource_changes) {
    if (mode !== "managed" || deposed !== undefined) continue;
    const definition = [...(dependencies.get(withoutIndex(address)) ?? [])].find((each) =>
      each.startsWith("aws_ecs_task_definition."),
    );
    const task = definition === undefined ? undefined : values.get(definition);
    const before = standingCost(type, change.before, task?.before);
    const after = standingCost(type, change.after, task?.after);
    if (Math.abs(after - before) >= 0.005) found.set(address, { before, after });
  }
  return found;
}

/** Differences of all resources together, US dollars a month. */
export const sumOf = (changes: ReadonlyMap<string, CostChange>): number =>
  [...changes.values()].reduce((sum, { before, after }) => sum + after - before, 0);

/** An amount with its sign, such as `+$36.04`. */
export const dollars = (value: number): string =>
  `${value < 0 ? "−" : "+"}$${Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
