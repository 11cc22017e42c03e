/** Cognito groups that open the tools; each includes those before it. */
export const groups = ["agent", "support", "admin"] as const;
export type Group = (typeof groups)[number];

/** Who calls, as their access token says. */
export interface Caller {
  /** Cognito `sub`. */
  readonly id: string;
  readonly clientId: string;
  /** The highest group of the caller. */
  readonly group: Group;
}

/** The highest of `names` that opens tools, or nothing: a community member's groups open none. */
export function highestGroup(names: readonly string[]): Group | undefined {
  return groups.findLast((group) => names.includes(group));
}

export const includes = (caller: Group, needed: Group): boolean =>
  groups.indexOf(caller) >= groups.indexOf(needed);
