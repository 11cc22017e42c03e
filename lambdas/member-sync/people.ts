import * as z from "zod/mini";
import { callAws } from "../shared/aws.ts";
import { COGNITO_PAGE, groupMembers, type ListedUser, listedUsers } from "../shared/group-members.ts";
import { type Person, personOf } from "../shared/provisioning/person.ts";

const poolPage = z.object({ Users: listedUsers, PaginationToken: z.optional(z.string()) });

/** The enabled users of a list, as the chat knows people. */
const people = (userPoolId: string, list: readonly ListedUser[]): Person[] =>
  list.flatMap(({ Username, Enabled, UserStatus, Attributes }) => {
    const attributes = Object.fromEntries(Attributes.map(({ Name, Value }) => [Name, Value]));
    const { sub } = attributes;
    if (!Enabled || sub === undefined) return [];
    return personOf(userPoolId, Username, { ...attributes, sub, "cognito:user_status": UserStatus });
  });

/**
 * The enabled members of a group.
 *
 * @returns undefined if the user pool has no such group
 * @throws AwsError, TypeError, or the signal's reason
 */
export async function membersOf(
  userPoolId: string,
  group: string,
  signal: AbortSignal,
): Promise<Person[] | undefined> {
  const members = await groupMembers(userPoolId, group, signal);
  return members && people(userPoolId, members);
}

/** A page of the enabled users of the pool, and where the next one begins. */
export async function poolPageOf(
  userPoolId: string,
  page: string | undefined,
  signal: AbortSignal,
): Promise<{ people: Person[]; next: string | undefined }> {
  const input = {
    UserPoolId: userPoolId,
    Limit: COGNITO_PAGE,
    ...(page !== undefined && { PaginationToken: page }),
  };
  const { Users, PaginationToken } = poolPage.parse(await callAws("cognito-idp", "ListUsers", input, signal));
  return { people: people(userPoolId, Users), next: PaginationToken };
}
