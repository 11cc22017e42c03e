import * as z from "zod/mini";
import { callAws } from "../shared/aws.ts";

/** Longest time that a sign-in waits for the groups. */
const TIMEOUT_MS = 1000;

const page = z.object({
  Groups: z.array(z.object({ GroupName: z.string() })),
  NextToken: z.optional(z.string()),
});

/**
 * Reads the user's Cognito groups, which the post authentication event does not hold.
 *
 * @throws AwsError, TypeError, or the signal's reason, after one second at most
 */
export async function listGroups(
  { userPoolId, cognitoName }: { userPoolId: string; cognitoName: string },
  signal: AbortSignal,
): Promise<string[]> {
  const soon = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const groups: string[] = [];
  let next: object = {};
  for (;;) {
    const request = { UserPoolId: userPoolId, Username: cognitoName, Limit: 60, ...next };
    const { Groups, NextToken } = page.parse(
      await callAws("cognito-idp", "AdminListGroupsForUser", request, soon),
    );
    groups.push(...Groups.map(({ GroupName }) => GroupName));
    if (NextToken === undefined) return groups;
    next = { NextToken };
  }
}
