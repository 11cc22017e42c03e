import type { CognitoSignIn, RuleAction } from "../../../constructs/listener-rule.ts";

/** Who reaches `/_synapse/admin/` and `/chat-admin/`. */
export type AdminAccess =
  | { readonly mode: "cognito"; readonly signIn: CognitoSignIn }
  /** Both answer 403, and no admin UI runs. */
  | { readonly mode: "closed" }
  /** Whoever finds them. Synapse advises against it. */
  | { readonly mode: "open" };

export const adminClosed: RuleAction = { forbidden: "The admin interface is closed." };

/**
 * What an admin path does, by the mode of access.
 *
 * @param otherwise what someone without a session meets: the sign-in page, or 401
 */
export function adminAction(
  access: AdminAccess,
  targetGroup: string,
  otherwise: "authenticate" | "deny",
): RuleAction {
  switch (access.mode) {
    case "cognito":
      return { forwardTo: targetGroup, signIn: access.signIn, otherwise };
    case "closed":
      return adminClosed;
    case "open":
      return { forwardTo: targetGroup };
  }
}
