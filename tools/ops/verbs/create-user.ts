import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  GetGroupCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { repeatable } from "../../cli/command.ts";
import { EXIT, Problem } from "../../cli/problem.ts";
import type { Context } from "../context.ts";
import type { Verb } from "../verb.ts";

export const createUser: Verb = ({ verb, run }) =>
  verb("create-user", "create an account in the Cognito user pool, in groups")
    .argument("<username>", "name of the account")
    .requiredOption(
      "--email <address>",
      "address that the invitation goes to; it counts as verified",
      emailAddress,
    )
    .option("--name <name>", "the person's name")
    .addOption(
      new Option("--group <group>", "agent, support or admin; internal or partners; may be repeated")
        .argParser<readonly string[]>(repeatable(String))
        .default<readonly string[]>([], "none"),
    )
    .option("--password-stdin", "read a permanent password from standard input, and send no invitation")
    .action((environment, username, { email, name, group, passwordStdin, ...options }) =>
      run(environment, options, async (context) => {
        const groups = [...new Set(group)];
        const pool = (await context.outputs()).sign_in.user_pool_id;
        for (const each of groups) await checkGroup(context, pool, each);
        const invitation = passwordStdin ? "" : `, and have Cognito send a password to ${email}`;
        const steps = [
          `create the account ${username} in the user pool ${pool}${invitation}`,
          ...groups.map((each) => `add it to the group ${each}`),
        ];
        if (!(await context.confirm(steps))) return EXIT.ok;
        const password = passwordStdin ? await passwordFrom(context) : undefined;
        const created = await create(context, pool, { username, email, name, password });
        for (const GroupName of groups)
          await context.aws.cognito.send(
            new AdminAddUserToGroupCommand({ UserPoolId: pool, Username: username, GroupName }),
          );
        const result = created ? "created" : "existed already, its password and attributes are unchanged";
        context.report.line(`${username}: ${result}${groups.length ? `; groups ${groups.join(", ")}` : ""}`);
        if (groups.some((each) => ["internal", "partners"].includes(each)))
          context.report.line("Within four minutes of the first sign-in the account joins its Matrix room.");
        context.report.result({ username, created, groups });
        return EXIT.ok;
      }),
    );

function emailAddress(text: string): string {
  if (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text)) return text;
  throw new InvalidArgumentError("It must be an email address.");
}

async function checkGroup({ aws }: Context, UserPoolId: string, GroupName: string): Promise<void> {
  await aws.cognito.send(new GetGroupCommand({ UserPoolId, GroupName })).catch((error: unknown) => {
    if (!(error instanceof Error) || error.name !== "ResourceNotFoundException") throw error;
    throw new Problem(
      `the user pool ${UserPoolId} has no group ${GroupName}; nothing was changed`,
      `Create it first: aws cognito-idp create-group --user-pool-id ${UserPoolId} --group-name ${GroupName}`,
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

/** @returns false where the account exists already, which then keeps its password and attributes */
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
      `${username} exists already; its password was not changed`,
      "Leave out --password-stdin to add the account to groups only",
    );
  }
  if (password !== undefined)
    await aws.cognito
      .send(new AdminSetUserPasswordCommand({ ...user, Password: password, Permanent: true }))
      .catch((error: unknown) => {
        if (!(error instanceof Error) || error.name !== "InvalidPasswordException") throw error;
        throw new Problem(
          `${username} was created, but the user pool refuses the password: ${error.message}`,
          `Set another: aws cognito-idp admin-set-user-password --user-pool-id ${pool} --username ${username} --permanent --password …`,
        );
      });
  return true;
}
