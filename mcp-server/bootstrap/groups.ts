import {
  type CognitoIdentityProviderClient,
  paginateListUsersInGroup,
  ResourceNotFoundException,
} from "@aws-sdk/client-cognito-identity-provider";

export interface Person {
  /** The user's Cognito `sub`, which never changes. */
  readonly sub: string;
  readonly enabled: boolean;
}

export interface Group {
  readonly name: string;
  /** Undefined if the user pool has no such group. */
  readonly people: readonly Person[] | undefined;
}

/** Users per request, Cognito's maximum. */
const PAGE = 60;

/** Reads everyone in a group of the user pool. Needs the permission `cognito-idp:ListUsersInGroup`. */
export async function readGroup(
  cognito: CognitoIdentityProviderClient,
  userPoolId: string,
  name: string,
): Promise<Group> {
  const people: Person[] = [];
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
