/** How an invocation can end. */
export type Outcome = "enhanced" | "no_user" | "malformed";
