import {
  type CognitoIdentityProviderClient,
  paginateListUsersInGroup,
  ResourceNotFoundException,
} from "@aws-sdk/client-cognito-identity-provider";

export interface Person {
  /** Cognito's own id of the person, which never changes. */
  readonly sub: string;
  readonly enabled: boolean;
}

export interface Group {
  readonly name: string;
  /** Undefined where the user pool has no such group. */
  readonly people: readonly Person[] | undefined;
}

/** People per request, the most that Cognito gives. */
const PAGE = 60;

/** Everyone in a group of the user pool. Needs the right `cognito-idp:ListUsersInGroup`. */
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
        if (sub === undefined) throw new Error(`Cognito told no sub of the user ${Username}`);
        people.push({ sub, enabled: Enabled });
      }
  } catch (error) {
    // Cognito says the same of a pool that is not there.
    if (error instanceof ResourceNotFoundException && /group/i.test(error.message))
      return { name, people: undefined };
    throw error;
  }
  return { name, people };
}
