import * as z from "zod/mini";
import { describeError } from "../../shared/describe-error.ts";
import { type InvocationContext, startInvocation } from "../shared/invocation.ts";
import { parseRequest } from "../shared/parsing.ts";
import { createService, type Service } from "../shared/provisioning/service.ts";
import { request } from "./event.ts";
import type { Outcome } from "./outcomes.ts";
import { archiveMessages } from "./retention.ts";
import { type Result, syncGroups, syncPool } from "./sync.ts";

/** Time that is left for the answer. */
const RESERVE_MS = 5000;
/** Time for one page of the user pool. */
const PAGE_MS = 20_000;
/** Part of the time that archiving may take, before the user pool is read. */
const ARCHIVE_SHARE = 0.4;

let service: Service | undefined;

const problems = z.array(z.object({ step: z.string(), problem: z.string(), remedy: z.string() }));

/**
 * Brings the chat's tables in line with the user pool: on a schedule, so that access ends with the group, and when an
 * operator asks. Fails if nothing could be done, so that the caller knows.
 *
 * @returns what the run did; or what the database would refuse of a sign-in, and the remedies
 */
export async function handler(
  event: unknown,
  context: InvocationContext,
): Promise<Result | { problems: z.infer<typeof problems> }> {
  const invocation = startInvocation<Outcome>("member-sync", context);
  const data = parseRequest(request, event, invocation);
  try {
    service ??= createService();
    const signal = AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - RESERVE_MS));
    if (data.task === "preflight") {
      const rows = await service.database.run(
        { text: "select step, problem, remedy from public.chat_preflight_provisioner()" },
        signal,
      );
      invocation.finish("checked", "INFO");
      return { problems: problems.parse(rows) };
    }
    const onFailure: Parameters<typeof syncGroups>[3] = ({ id }, failures) => {
      for (const failure of failures)
        invocation.log("ERROR", "refused by the database", { ...failure, userId: id });
    };
    const started = context.getRemainingTimeInMillis();
    const archived =
      data.task === "pool" && data.retentionDays > 0
        ? await archiveMessages(
            service,
            data.retentionDays,
            signal,
            () => context.getRemainingTimeInMillis() < started * (1 - ARCHIVE_SHARE),
          )
        : undefined;
    const result =
      data.task === "groups"
        ? await syncGroups(service, data.userPoolId, signal, onFailure)
        : await syncPool(
            service,
            data.userPoolId,
            data.page,
            signal,
            () => context.getRemainingTimeInMillis() < PAGE_MS + RESERVE_MS,
            onFailure,
          );
    const { added, removed, failed, next } = result;
    const fields = { task: data.task, added, removed, failed, archived, isComplete: next === undefined };
    invocation.finish(failed > 0 ? "failed" : "synchronised", failed > 0 ? "ERROR" : "INFO", fields);
    return { ...result, ...(archived !== undefined && { archived }) };
  } catch (error) {
    invocation.log("ERROR", "not synchronised", { error: describeError(error), task: data.task });
    invocation.finish("failed", "ERROR", { task: data.task });
    throw error;
  }
}
