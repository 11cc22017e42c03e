import { type Role, roles } from "../../shared/hasura-names.ts";

/** The claim in which Hasura looks for its session variables. */
export const hasuraClaim = "https://hasura.io/jwt/claims";

const defaultRole: Role = "user";

/** What a Cognito group opens beyond the default role; a group that is not named here opens nothing. */
const rolesOfGroup: ReadonlyMap<string, readonly Role[]> = new Map([
  ["support", ["support"]],
  ["admin", ["support", "chat_admin"]],
]);

/**
 * Hasura's session variables of a user as JSON text, the form that Cognito lets a claim have in every
 * version of its event.
 *
 * @param userId the user's Cognito `sub`
 */
export function hasuraClaims(userId: string, groups: readonly string[]): string {
  const granted = new Set([defaultRole, ...groups.flatMap((group) => rolesOfGroup.get(group) ?? [])]);
  return JSON.stringify({
    "x-hasura-user-id": userId,
    "x-hasura-default-role": defaultRole,
    "x-hasura-allowed-roles": roles.filter((role) => granted.has(role)),
  });
}
