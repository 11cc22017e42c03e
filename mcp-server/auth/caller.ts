/** Cognito groups that open the tools; each includes those before it. */
export const groups = ["agent", "support", "admin"] as const;
export type Group = (typeof groups)[number];

/** The caller, as the access token identifies them. */
export interface Caller {
  /** Cognito `sub`. */
  readonly id: string;
  readonly clientId: string;
  /** The caller's sign-in: callers that share an account have one each. */
  readonly session: string;
  /** The caller's highest group. */
  readonly group: Group;
}

/** The highest of `names` that opens tools; `undefined` if none does, as for a community member. */
export function highestGroup(names: readonly string[]): Group | undefined {
  return groups.findLast((group) => names.includes(group));
}

export const includes = (caller: Group, needed: Group): boolean =>
  groups.indexOf(caller) >= groups.indexOf(needed);
