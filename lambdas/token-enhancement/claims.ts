import { type Role, roles } from "../../shared/hasura-names.ts";

/** The claim from which Hasura reads its session variables. */
export const HASURA_CLAIM = "https://hasura.io/jwt/claims";

const DEFAULT_ROLE: Role = "user";

/** Roles that a Cognito group grants beyond the default role; other groups grant none. */
const rolesOfGroup: ReadonlyMap<string, readonly Role[]> = new Map([
  ["support", ["support"]],
  ["admin", ["support", "chat_admin"]],
]);

/**
 * A user's session variables for Hasura as JSON text, because every version of Cognito's event allows text claims.
 *
 * @param userId the user's Cognito `sub`
 */
export function hasuraClaims(userId: string, groups: readonly string[]): string {
  const granted = new Set([DEFAULT_ROLE, ...groups.flatMap((group) => rolesOfGroup.get(group) ?? [])]);
  return JSON.stringify({
    "x-hasura-user-id": userId,
    "x-hasura-default-role": DEFAULT_ROLE,
    "x-hasura-allowed-roles": roles.filter((role) => granted.has(role)),
  });
}
