/** How an invocation can end. */
export type Outcome = "provisioned" | "provisioned_without_groups" | "malformed" | "failed";
