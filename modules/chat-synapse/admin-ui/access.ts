import type { CognitoSignIn, RuleAction } from "../../../constructs/listener-rule.ts";

/** Who reaches `/_synapse/admin/` and `/chat-admin/`. */
export type AdminAccess =
  | { readonly mode: "cognito"; readonly signIn: CognitoSignIn }
  /** Both paths answer 403, and no admin UI runs. */
  | { readonly mode: "closed" }
  /** Everyone. Synapse advises against it. */
  | { readonly mode: "open" };

export const adminClosed: RuleAction = { forbidden: "The admin interface is closed." };

/**
 * Action of the listener rule for an admin path.
 *
 * @param onUnauthenticated answer to a request without a session: the sign-in page or 401
 */
export function adminAction(
  access: AdminAccess,
  targetGroup: string,
  onUnauthenticated: "authenticate" | "deny",
): RuleAction {
  switch (access.mode) {
    case "cognito":
      return { forwardTo: targetGroup, signIn: access.signIn, onUnauthenticated };
    case "closed":
      return adminClosed;
    case "open":
      return { forwardTo: targetGroup };
  }
}
