/** How an invocation can end. */
export type Outcome = "measured" | "malformed";
