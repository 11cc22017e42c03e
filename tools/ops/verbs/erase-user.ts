import { AdminDeleteUserCommand, AdminGetUserCommand } from "@aws-sdk/client-cognito-identity-provider";
import * as z from "zod";
import { EXIT, Problem } from "../../cli/problem.ts";
import type { Context } from "../context.ts";
import { invoke } from "../invoke.ts";
import { runScript } from "../one-shot.ts";
import type { OneShotTask } from "../outputs.ts";
import type { Verb } from "../verb.ts";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What `chat_erase_user` returns. */
const erasedRows = z.object({ messages: z.number(), memberships: z.number(), bans: z.number() });
/** What the function of Synapse's members returns. */
const erasedAccount = z.object({
  account: z.string().optional(),
  media: z.number(),
  failed: z.number(),
  isComplete: z.boolean(),
});

export const eraseUser: Verb = ({ verb, run }) =>
  verb("erase-user", "erase a person from both implementations; can't be undone")
    .argument("<user>", "user name in the Cognito user pool, or the sub of an account that is gone")
    .option("--with-messages", "remove the person's messages too; without it they stay without an author")
    .option("--delete-account", "delete the Cognito account first, so that the person can't come back")
    .action((environment, user, { withMessages = false, deleteAccount = false, ...options }) =>
      run(environment, options, async (context) => {
        const { functions, one_shot_tasks, sign_in } = await context.outputs();
        const pool = sign_in.user_pool_id;
        const person = await find(context, pool, user);
        const [members, migration] = [functions["synapse_members"], one_shot_tasks["migration"]];
        const messages = withMessages ? "remove their messages" : "leave their messages without an author";
        const steps = [
          ...(deleteAccount && person.username !== undefined
            ? [`delete the account ${person.username} of the user pool ${pool}`]
            : []),
          ...(migration ? [`erase ${person.sub} from the chat's tables, and ${messages}`] : []),
          ...(members
            ? [
                `deactivate the Matrix account of ${person.sub} with erasure, delete its files, and ${messages}`,
              ]
            : []),
        ];
        if (!(await context.confirm(steps, { always: true }))) return EXIT.ok;

        const isDeleted = deleteAccount && person.username !== undefined;
        if (isDeleted) {
          await context.aws.cognito.send(
            new AdminDeleteUserCommand({ UserPoolId: pool, Username: person.username }),
          );
          context.report.line(`Cognito: account ${person.username} deleted`);
        }
        const hasura = migration && (await eraseRows(context, migration, person.sub, withMessages));
        const matrix = members && (await eraseAccount(context, members.name, person.sub, withMessages));
        if (person.username !== undefined && !isDeleted)
          context.report.line(
            `The account ${person.username} is still in the user pool: its next sign-in makes a new member of B. Delete it there, or repeat with --delete-account.`,
          );
        context.report.result({ sub: person.sub, accountDeleted: isDeleted, hasura, matrix });
        return matrix && matrix.failed > 0 ? EXIT.failed : EXIT.ok;
      }),
    );

interface FoundPerson {
  readonly sub: string;
  /** Undefined where the account is gone. */
  readonly username: string | undefined;
}

/** @throws Problem where the user pool has no such user, and the word is no `sub` */
async function find({ aws }: Context, UserPoolId: string, user: string): Promise<FoundPerson> {
  const found = await aws.cognito
    .send(new AdminGetUserCommand({ UserPoolId, Username: user }))
    .catch((error: unknown) => {
      if (error instanceof Error && error.name === "UserNotFoundException") return undefined;
      throw error;
    });
  const sub = found?.UserAttributes?.find(({ Name }) => Name === "sub")?.Value ?? (found ? undefined : user);
  if (sub !== undefined && UUID.test(sub)) return { sub, username: found?.Username };
  throw new Problem(
    `the user pool ${UserPoolId} has no user ${user}; nothing was changed`,
    "Name the user as Cognito does; of an account that is gone, name its sub, which is its id in both implementations",
    EXIT.usage,
  );
}

/** Command of the migration task that erases a person from the chat's tables. */
export const eraseScript = (sub: string, withMessages: boolean): string =>
  `exec psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --command="select row_to_json(erased) from public.chat_erase_user('${sub}', ${withMessages}) erased"`;

const repeat = ({ environment }: Context, sub: string) =>
  `Repeat it when the cause is mended: npm run ops -- erase-user ${environment.environment} ${sub}. What was done stays done.`;

/** The database can't be reached from outside: a task with the migration's definition erases. */
async function eraseRows(context: Context, task: OneShotTask, sub: string, withMessages: boolean) {
  const { exitCode, lines } = await runScript(context, task, eraseScript(sub, withMessages));
  const row = lines.find((line) => line.startsWith("{"));
  if (exitCode !== 0 || row === undefined)
    throw new Problem(
      `B: psql ended with ${exitCode}: ${lines.join(" ")}`,
      repeat(context, sub),
      EXIT.failed,
    );
  const erased = erasedRows.parse(JSON.parse(row));
  context.report.line(
    `B: ${erased.messages} messages ${withMessages ? "removed" : "without an author"}, ${erased.memberships} memberships and ${erased.bans} bans removed`,
  );
  return erased;
}

async function eraseAccount(context: Context, name: string, sub: string, withMessages: boolean) {
  let media = 0;
  for (;;) {
    const answer = await invoke(context, name, { task: "erase", sub, withMessages }).catch(
      (error: unknown) => {
        throw new Problem(
          `A: ${error instanceof Error ? error.message : String(error)}`,
          repeat(context, sub),
          EXIT.failed,
          { cause: error },
        );
      },
    );
    const { account, failed, isComplete, ...step } = erasedAccount.parse(answer);
    media += step.media;
    if (!isComplete) {
      context.report.progress(`A: ${media} files deleted so far`);
      continue;
    }
    context.report.line(
      account === undefined
        ? "A: nobody with this sub ever signed in"
        : `A: ${account} deactivated and erased, ${media} files deleted${failed > 0 ? `, ${failed} messages not redacted: repeat it` : ""}`,
    );
    return { account, media, failed };
  }
}
