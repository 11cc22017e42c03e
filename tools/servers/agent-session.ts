import type { AgentSession } from "../../mcp-server/auth/agent-session.ts";
import { token } from "./cognito-tokens.ts";

/** An ID token as token enhancement makes one for an administrator. */
export const idToken = (userId: string, version = 1): string =>
  token({
    claims: {
      sub: userId,
      token_use: "id",
      version,
      "cognito:username": userId,
      "https://hasura.io/jwt/claims": JSON.stringify({
        "x-hasura-user-id": userId,
        "x-hasura-default-role": "user",
        "x-hasura-allowed-roles": ["user", "support", "chat_admin"],
      }),
    },
  });

/** A session that is signed in, and signs in again when its token is refused. */
export function signedIn(userId: string): AgentSession & { readonly signIns: () => number } {
  let version = 1;
  let current = idToken(userId, version);
  return {
    identity: () => Promise.resolve({ idToken: current, userId }),
    forget(refused) {
      if (refused === current) current = idToken(userId, ++version);
    },
    problem: () => undefined,
    signIns: () => version,
  };
}
