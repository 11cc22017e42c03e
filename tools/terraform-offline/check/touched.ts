import { isDeepStrictEqual } from "node:util";
import type { ResourceChange } from "./terraform-output.ts";

const unique = (names: readonly unknown[]) => [...new Set(names)].join(", ");

/** Attributes that an update changes. */
function changedAttributes({ before, after, after_unknown: unknown }: ResourceChange["change"]): string[] {
  const names = Object.keys({ ...before, ...after, ...unknown });
  return names
    .filter(
      (name) => unknown?.[name] === true || !isDeepStrictEqual(before?.[name] ?? null, after?.[name] ?? null),
    )
    .sort();
}

function reasonOf(change: ResourceChange["change"]): string {
  if (change.replace_paths?.length)
    return `forced by ${unique(change.replace_paths.map(([attribute]) => attribute))}`;
  return change.actions[0] === "update" ? unique(changedAttributes(change)) : "";
}

/** One line for each resource that a plan would touch. */
export const touchedResources = (changes: readonly ResourceChange[]): string[] =>
  changes
    .filter(({ change }) => change.actions.some((action) => action !== "no-op"))
    .map(({ address, change }) => {
      const reason = reasonOf(change);
      return `${address}: ${change.actions.join(", ")}${reason ? ` (${reason})` : ""}`;
    });
