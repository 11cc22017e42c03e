/** How an invocation can end. */
export type Outcome = "synchronised" | "checked" | "malformed" | "failed";
