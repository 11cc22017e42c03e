import {
  type CognitoIdentityProviderClient,
  paginateListUsersInGroup,
  ResourceNotFoundException,
} from "@aws-sdk/client-cognito-identity-provider";
import type { Group, GroupMember } from "../../shared/room-members.ts";

/** Users per request, Cognito's maximum. */
const PAGE = 60;

/** Reads everyone in a group of the user pool. Needs the permission `cognito-idp:ListUsersInGroup`. */
export async function readGroup(
  cognito: CognitoIdentityProviderClient,
  userPoolId: string,
  name: string,
): Promise<Group> {
  const people: GroupMember[] = [];
  try {
    const pages = paginateListUsersInGroup(
      { client: cognito, pageSize: PAGE },
      { UserPoolId: userPoolId, GroupName: name },
    );
    for await (const { Users = [] } of pages)
      for (const { Attributes = [], Enabled = true, Username = "" } of Users) {
        const sub = Attributes.find(({ Name }) => Name === "sub")?.Value;
        if (sub === undefined) throw new Error(`the Cognito user ${Username} has no attribute sub`);
        people.push({ sub, enabled: Enabled });
      }
  } catch (error) {
    // Cognito raises the same exception for a missing user pool.
    if (error instanceof ResourceNotFoundException && /group/i.test(error.message))
      return { name, people: undefined };
    throw error;
  }
  return { name, people };
}
