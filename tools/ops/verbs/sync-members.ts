import * as z from "zod";
import { EXIT, Problem } from "../../cli/problem.ts";
import type { Context } from "../context.ts";
import { invoke } from "../invoke.ts";
import type { Verb } from "../verb.ts";

const matrixSchema = z.object({ changed: z.number(), skipped: z.number() });

const resultSchema = z.object({
  added: z.number(),
  removed: z.number(),
  failed: z.number(),
  next: z.string().optional(),
});

/** The schedule does the same; this is for whoever can't wait for it, and for the first day. */
export const syncMembers: Verb = ({ verb, run }) =>
  verb("sync-members", "bring the rooms of both implementations in line with the user pool and its groups")
    .option("--page <token>", "go on in the user pool where an earlier run stopped")
    .action((environment, { page, ...options }) =>
      run(environment, options, async (context) => {
        const { functions, sign_in } = await context.outputs();
        const { member_sync: sync, synapse_members: members } = functions;
        const steps = [
          ...(sync
            ? [`invoke ${sync.name} for the groups, and then for the pool ${sign_in.user_pool_id}`]
            : []),
          ...(members ? [`invoke ${members.name} for the groups`] : []),
        ];
        if (!(await context.confirm(steps))) return EXIT.ok;
        const hasura = sync && (await syncTables(context, sync.name, sign_in.user_pool_id, page));
        const matrix = members && (await syncRooms(context, members.name, sign_in.user_pool_id));
        context.report.result({ hasura, matrix });
        return hasura && hasura.failed > 0 ? EXIT.failed : EXIT.ok;
      }),
    );

/** The private rooms on Synapse; everybody joins Community there at the first sign-in. */
async function syncRooms(context: Context, name: string, userPoolId: string) {
  const { changed, skipped } = matrixSchema.parse(
    await invoke(context, name, { task: "groups", userPoolId }),
  );
  context.report.line(`Matrix: ${changed} joined or removed, ${skipped} skipped`);
  return { changed, skipped };
}

/** The groups, and then the pool until its last page. */
async function syncTables(context: Context, name: string, userPoolId: string, page: string | undefined) {
  const total = { added: 0, removed: 0, failed: 0 };
  const once = async (event: object) => {
    const result = resultSchema.parse(await invoke(context, name, { userPoolId, ...event }));
    for (const key of ["added", "removed", "failed"] as const) total[key] += result[key];
    return result.next;
  };
  await once({ task: "groups" });
  context.report.progress(`groups: ${total.added} added, ${total.removed} removed`);
  let next = page;
  do {
    const from = next;
    next = await once({ task: "pool", ...(from !== undefined && { page: from }) }).catch((error: unknown) => {
      if (from === undefined) throw error;
      throw new Problem(
        `stopped in the user pool: ${error instanceof Error ? error.message : String(error)}`,
        `Go on with npm run ops -- sync-members ${context.environment.environment} --page '${from}'`,
        EXIT.failed,
      );
    });
    context.report.progress(`pool: ${total.added} added so far`);
  } while (next !== undefined);
  context.report.line(`Hasura: ${total.added} added, ${total.removed} removed, ${total.failed} refused`);
  return total;
}
