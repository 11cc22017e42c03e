import * as z from "zod/mini";
import { AwsError, callAws } from "../shared/aws.ts";
import { type Person, personOf } from "../shared/provisioning/person.ts";

const users = z.array(
  z.object({
    Username: z.string(),
    Enabled: z._default(z.boolean(), true),
    UserStatus: z.optional(z.string()),
    Attributes: z._default(z.array(z.object({ Name: z.string(), Value: z._default(z.string(), "") })), []),
  }),
);
const groupPage = z.object({ Users: users, NextToken: z.optional(z.string()) });
const poolPage = z.object({ Users: users, PaginationToken: z.optional(z.string()) });

/** Users per request, Cognito's maximum. */
const PAGE = 60;

/** The enabled users of a list, as the chat knows people. */
const people = (userPoolId: string, list: z.infer<typeof users>): Person[] =>
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
  const members: Person[] = [];
  let next: object = {};
  for (;;) {
    const input = { UserPoolId: userPoolId, GroupName: group, Limit: PAGE, ...next };
    const answer = await callAws("cognito-idp", "ListUsersInGroup", input, signal).catch((error: unknown) => {
      // Cognito raises the same exception for a missing user pool.
      if (
        error instanceof AwsError &&
        error.name === "ResourceNotFoundException" &&
        /group/i.test(error.message)
      )
        return undefined;
      throw error;
    });
    if (answer === undefined) return undefined;
    const { Users, NextToken } = groupPage.parse(answer);
    members.push(...people(userPoolId, Users));
    if (NextToken === undefined) return members;
    next = { NextToken };
  }
}

/** A page of the enabled users of the pool, and where the next one begins. */
export async function poolPageOf(
  userPoolId: string,
  page: string | undefined,
  signal: AbortSignal,
): Promise<{ people: Person[]; next: string | undefined }> {
  const input = { UserPoolId: userPoolId, Limit: PAGE, ...(page !== undefined && { PaginationToken: page }) };
  const { Users, PaginationToken } = poolPage.parse(await callAws("cognito-idp", "ListUsers", input, signal));
  return { people: people(userPoolId, Users), next: PaginationToken };
}
