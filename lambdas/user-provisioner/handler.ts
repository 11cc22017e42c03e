import { withDeadline } from "../../shared/deadline.ts";
import { describeError } from "../../shared/describe-error.ts";
import { type Invocation, type InvocationContext, startInvocation } from "../shared/invocation.ts";
import { membershipsOf } from "../shared/provisioning/memberships.ts";
import type { Person } from "../shared/provisioning/person.ts";
import { createService, type Service } from "../shared/provisioning/service.ts";
import { type Failure, failuresOf, provisioning } from "../shared/provisioning/statement.ts";
import { timed } from "../shared/timed.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { parseSignIn } from "./event.ts";
import { listGroups } from "./groups.ts";
import type { Outcome } from "./outcomes.ts";

/** Cognito refuses the sign-in if a trigger takes longer than five seconds. */
const BUDGET_MS = 3000;

let service: Service | undefined;
const breaker = new CircuitBreaker();

/**
 * Cognito's post authentication and post confirmation trigger: updates the user's row and memberships. Always returns
 * the event, so that no failure here keeps anybody from signing in; failures are logged and counted, and the member sync
 * or the next sign-in repairs them.
 */
export async function handler(event: unknown, context: InvocationContext): Promise<unknown> {
  const invocation = startInvocation<Outcome>("user-provisioner", context);
  const person = parseSignIn(event);
  if (typeof person === "string") {
    invocation.finish("malformed", "ERROR", { problem: person });
    return event;
  }
  const ids = { userId: person.id };
  if (breaker.isOpen) {
    invocation.finish("postponed", "WARN", ids);
    return event;
  }
  const latencies: Record<string, number> = {};
  try {
    const { groups, failures } = await withDeadline(
      undefined,
      BUDGET_MS,
      () => new Error(`not done within ${BUDGET_MS} ms`),
      (signal) => provision(person, signal, invocation, latencies),
    );
    for (const failure of failures)
      invocation.log("ERROR", "refused by the database", { ...failure, ...ids });
    const [outcome, level] = ending(groups, failures);
    invocation.finish(outcome, level, ids, latencies);
  } catch (error) {
    invocation.log("ERROR", "not provisioned", { error: describeError(error), ...ids });
    invocation.finish("failed", "ERROR", ids, latencies);
  }
  return event;
}

/** The outcome of the invocation: memberships count more than groups, groups more than a profile. */
function ending(groups: unknown, failures: readonly Failure[]): [Outcome, "INFO" | "WARN" | "ERROR"] {
  if (failures.some(({ step }) => step !== "profile")) return ["failed", "ERROR"];
  if (!groups) return ["provisioned_without_groups", "WARN"];
  return failures.length > 0 ? ["provisioned_without_profile", "WARN"] : ["provisioned", "INFO"];
}

/** @returns the groups, undefined if Cognito did not answer, and what the database refused */
async function provision(
  person: Person,
  signal: AbortSignal,
  invocation: Invocation<Outcome>,
  latencies: Record<string, number>,
): Promise<{ groups: string[] | undefined; failures: readonly Failure[] }> {
  service ??= createService();
  const { database, ownsProfiles } = service;
  database.prepare(signal);
  const groups = await timed(latencies, "GroupsDuration", () => listGroups(person, signal)).catch(
    (error: unknown) => {
      invocation.log("WARN", "groups unknown", { error: describeError(error), userId: person.id });
      return undefined;
    },
  );
  const statement = provisioning(person, membershipsOf(groups), ownsProfiles);
  const rows = await timed(latencies, "DatabaseDuration", () =>
    breaker.run(() => database.run(statement, signal)),
  );
  return { groups, failures: failuresOf(rows) };
}
