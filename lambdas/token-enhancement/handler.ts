import { type InvocationContext, startInvocation } from "../shared/invocation.ts";
import { HASURA_CLAIM, hasuraClaims } from "./claims.ts";
import { type PreTokenGeneration, parsePreTokenGeneration } from "./event.ts";
import type { Outcome } from "./outcomes.ts";

/**
 * Cognito's pre token generation trigger, event versions V1_0, V2_0 and V3_0: adds the claims that Hasura
 * reads. An event without a user (client credentials, or an unknown form) is returned unchanged: its token opens
 * nothing in the chat, and nobody is kept from signing in.
 */
export async function handler(event: unknown, context: InvocationContext): Promise<unknown> {
  const invocation = startInvocation<Outcome>("token-enhancement", context);
  const parsed = parsePreTokenGeneration(event);
  if (parsed.kind !== "user") {
    if (parsed.kind === "malformed") invocation.finish("malformed", "ERROR", { problem: parsed.problem });
    else invocation.finish("no_user", "INFO");
    return event;
  }
  const { userId, groups } = parsed;
  const response = responseFor(parsed, { [HASURA_CLAIM]: hasuraClaims(userId, groups) });
  invocation.finish("enhanced", "INFO", { userId });
  return { ...parsed.event, response };
}

/** V1_0 sets the claims of the ID token only; V2_0 and V3_0 set those of both tokens. */
function responseFor({ version, groupConfiguration }: PreTokenGeneration, claims: Record<string, string>) {
  const generation = { claimsToAddOrOverride: claims };
  // Cognito removes the groups from the tokens unless its group configuration is returned.
  const groups = { groupOverrideDetails: groupConfiguration };
  return version === "1"
    ? { claimsOverrideDetails: { ...generation, ...groups } }
    : {
        claimsAndScopeOverrideDetails: {
          idTokenGeneration: generation,
          accessTokenGeneration: generation,
          ...groups,
        },
      };
}
