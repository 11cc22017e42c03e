/** How an invocation can end. */
export type Outcome = "synchronised" | "erased" | "malformed" | "failed";
