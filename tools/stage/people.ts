import { randomBytes } from "node:crypto";
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  type CognitoIdentityProviderClient,
  CreateGroupCommand,
} from "@aws-sdk/client-cognito-identity-provider";

const GROUPS = ["internal", "partners", "agent", "support", "admin"];
/** Name of the account that the MCP server signs in with. */
export const AGENT = "agent";

/** An account of the user pool. */
export interface Person {
  readonly username: string;
  readonly password: string;
  readonly groups: readonly string[];
}

/** The people of a stage that names none. */
export const examplePeople = (): Person[] => {
  const password = () => `${randomBytes(9).toString("base64url")}-Aa1`;
  return [
    { username: "ann", password: password(), groups: ["internal"] },
    { username: AGENT, password: password(), groups: ["admin", "internal", "partners"] },
  ];
};

/** Makes the groups, and the accounts with their passwords. */
export async function makePeople(
  cognito: CognitoIdentityProviderClient,
  UserPoolId: string,
  people: readonly Person[],
): Promise<void> {
  for (const GroupName of GROUPS) await cognito.send(new CreateGroupCommand({ UserPoolId, GroupName }));
  for (const { username: Username, password: Password, groups } of people) {
    const user = { UserPoolId, Username };
    const UserAttributes = [
      { Name: "email", Value: `${Username}@example.org` },
      { Name: "email_verified", Value: "true" },
    ];
    await cognito.send(new AdminCreateUserCommand({ ...user, UserAttributes, MessageAction: "SUPPRESS" }));
    await cognito.send(new AdminSetUserPasswordCommand({ ...user, Password, Permanent: true }));
    for (const GroupName of groups)
      await cognito.send(new AdminAddUserToGroupCommand({ ...user, GroupName }));
  }
}
