import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  GetGroupCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../context.ts";
import { EXIT, Problem } from "../problem.ts";
import { usage, type Verb } from "../verb.ts";

export const createUser: Verb = {
  name: "create-user",
  summary: "make an account in the Cognito user pool, in groups",
  usage: "<username> --email <address> [--group <group>]…",
  options: {
    email: { type: "string", help: "address that the invitation goes to; it counts as verified" },
    name: { type: "string", help: "the person's name" },
    group: {
      type: "string",
      multiple: true,
      help: "agent, support or admin; internal or partners; may be repeated",
    },
    "password-stdin": {
      type: "boolean",
      help: "read a lasting password from standard input, and send no invitation",
    },
  },
  async run(context, invocation) {
    const [username, ...others] = invocation.words;
    if (!username || others.length) throw usage(createUser, "name one user");
    const email = invocation.text("email");
    if (!email || !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email))
      throw usage(createUser, email ? `--email ${email} is no mail address` : "--email is missing");
    const withPassword = invocation.flag("password-stdin");
    const groups = [...new Set(invocation.list("group"))];
    const pool = (await context.outputs()).sign_in.user_pool_id;
    for (const group of groups) await checkGroup(context, pool, group);
    const steps = [
      `make the account ${username} in the user pool ${pool}${withPassword ? "" : `, and have Cognito send a password to ${email}`}`,
      ...groups.map((group) => `put it into the group ${group}`),
    ];
    if (!(await context.agreed(steps))) return EXIT.ok;
    const password = withPassword ? await passwordFrom(context) : undefined;
    const created = await create(context, pool, { username, email, name: invocation.text("name"), password });
    for (const GroupName of groups)
      await context.aws.cognito.send(
        new AdminAddUserToGroupCommand({ UserPoolId: pool, Username: username, GroupName }),
      );
    const what = created ? "made" : "was there, its password and attributes stay as they were";
    context.report.line(`${username}: ${what}${groups.length ? `; groups ${groups.join(", ")}` : ""}`);
    if (groups.some((group) => ["internal", "partners"].includes(group)))
      context.report.line(
        `After the first sign-in, npm run ops -- bootstrap ${context.environment.environment} joins the Matrix room.`,
      );
    context.report.result({ username, created, groups });
    return EXIT.ok;
  },
};

async function checkGroup({ aws }: Context, UserPoolId: string, GroupName: string): Promise<void> {
  await aws.cognito.send(new GetGroupCommand({ UserPoolId, GroupName })).catch((error: unknown) => {
    if (!(error instanceof Error) || error.name !== "ResourceNotFoundException") throw error;
    throw new Problem(
      `the user pool ${UserPoolId} has no group ${GroupName}; nothing was changed`,
      `Make it first: aws cognito-idp create-group --user-pool-id ${UserPoolId} --group-name ${GroupName}`,
      EXIT.failed,
    );
  });
}

async function passwordFrom({ terminal }: Context): Promise<string> {
  const password = (await terminal.input()).replace(/\r?\n$/, "");
  if (password) return password;
  throw new Problem(
    "--password-stdin: standard input is empty",
    "Pipe the password in: op read … | npm run ops -- create-user … --password-stdin",
    EXIT.usage,
  );
}

interface NewUser {
  readonly username: string;
  readonly email: string;
  readonly name: string | undefined;
  readonly password: string | undefined;
}

/** @returns false where the user is there already, who then keeps password and attributes */
async function create(
  { aws }: Context,
  pool: string,
  { username, email, name, password }: NewUser,
): Promise<boolean> {
  const user = { UserPoolId: pool, Username: username };
  try {
    await aws.cognito.send(
      new AdminCreateUserCommand({
        ...user,
        UserAttributes: [
          { Name: "email", Value: email },
          { Name: "email_verified", Value: "true" },
          ...(name ? [{ Name: "name", Value: name }] : []),
        ],
        DesiredDeliveryMediums: ["EMAIL"],
        ...(password !== undefined && { MessageAction: "SUPPRESS" }),
      }),
    );
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "UsernameExistsException") throw error;
    if (password === undefined) return false;
    throw new Problem(
      `${username} is there already; its password was not changed`,
      "Leave --password-stdin out to put the account into groups only",
      EXIT.failed,
    );
  }
  if (password !== undefined)
    await aws.cognito
      .send(new AdminSetUserPasswordCommand({ ...user, Password: password, Permanent: true }))
      .catch((error: unknown) => {
        if (!(error instanceof Error) || error.name !== "InvalidPasswordException") throw error;
        throw new Problem(
          `${username} was made, but the user pool refuses the password: ${error.message}`,
          `Set another: aws cognito-idp admin-set-user-password --user-pool-id ${pool} --username ${username} --permanent --password …`,
          EXIT.failed,
        );
      });
  return true;
}
