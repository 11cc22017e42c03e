/** How an invocation can end. */
export type Outcome =
  | "provisioned"
  | "provisioned_without_groups"
  | "provisioned_without_profile"
  /** The database did not answer before, and is left alone: the member sync makes up for it. */
  | "postponed"
  | "malformed"
  | "failed";
