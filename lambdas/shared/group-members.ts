import * as z from "zod/mini";
import { AwsError, callAws } from "./aws.ts";

const user = z.object({
  Username: z.string(),
  Enabled: z._default(z.boolean(), true),
  UserStatus: z.optional(z.string()),
  Attributes: z._default(z.array(z.object({ Name: z.string(), Value: z._default(z.string(), "") })), []),
});

/** Users as Cognito lists them. */
export const listedUsers = z.array(user);
export type ListedUser = z.infer<typeof user>;

const groupPage = z.object({ Users: listedUsers, NextToken: z.optional(z.string()) });

/** Users per request, Cognito's maximum. */
export const COGNITO_PAGE = 60;

/**
 * The members of a group, enabled or not.
 *
 * @returns undefined if the user pool has no such group
 * @throws AwsError, TypeError, or the signal's reason
 */
export async function groupMembers(
  userPoolId: string,
  group: string,
  signal: AbortSignal,
): Promise<ListedUser[] | undefined> {
  const members: ListedUser[] = [];
  let next: object = {};
  for (;;) {
    const input = { UserPoolId: userPoolId, GroupName: group, Limit: COGNITO_PAGE, ...next };
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
    members.push(...Users);
    if (NextToken === undefined) return members;
    next = { NextToken };
  }
}

/** An attribute of a user. */
export const attribute = ({ Attributes }: ListedUser, name: string): string | undefined =>
  Attributes.find(({ Name }) => Name === name)?.Value;
