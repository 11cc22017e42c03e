import { withDeadline } from "../../shared/deadline.ts";
import { describeError } from "../../shared/describe-error.ts";
import { readEnvironment } from "../../shared/environment.ts";
import { type Invocation, type InvocationContext, startInvocation } from "../shared/invocation.ts";
import { secret } from "../shared/secret.ts";
import { timed } from "../shared/timed.ts";
import { Database } from "./database.ts";
import { environment } from "./environment.ts";
import { type Person, parsePostAuthentication } from "./event.ts";
import { listGroups } from "./groups.ts";
import { membershipsOf } from "./memberships.ts";
import type { Outcome } from "./outcomes.ts";
import { provisioning } from "./statement.ts";

/** Cognito refuses the sign-in if a trigger takes longer than five seconds. */
const BUDGET_MS = 3000;

let database: Database | undefined;

/**
 * Cognito's post authentication trigger: updates the user's row and memberships. Always returns the event, so that no
 * failure here keeps anybody from signing in; failures are logged and counted, and the next sign-in repairs them.
 */
export async function handler(event: unknown, context: InvocationContext): Promise<unknown> {
  const invocation = startInvocation<Outcome>("user-provisioner", context);
  const person = parsePostAuthentication(event);
  if (typeof person === "string") {
    invocation.finish("malformed", "ERROR", { problem: person });
    return event;
  }
  const ids = { userId: person.id };
  const latencies: Record<string, number> = {};
  try {
    const groups = await withDeadline(
      undefined,
      BUDGET_MS,
      () => new Error(`not done within ${BUDGET_MS} ms`),
      (signal) => provision(person, signal, invocation, latencies),
    );
    if (groups) invocation.finish("provisioned", "INFO", ids, latencies);
    else invocation.finish("provisioned_without_groups", "WARN", ids, latencies);
  } catch (error) {
    invocation.log("ERROR", "not provisioned", { error: describeError(error), ...ids });
    invocation.finish("failed", "ERROR", ids, latencies);
  }
  return event;
}

/** @returns the groups, or undefined if Cognito did not answer */
async function provision(
  person: Person,
  signal: AbortSignal,
  invocation: Invocation<Outcome>,
  latencies: Record<string, number>,
): Promise<string[] | undefined> {
  database ??= createDatabase();
  const kept = database;
  kept.prepare(signal);
  const groups = await timed(latencies, "GroupsDuration", () => listGroups(person, signal)).catch(
    (error: unknown) => {
      invocation.log("WARN", "groups unknown", { error: describeError(error), userId: person.id });
      return undefined;
    },
  );
  const statement = provisioning(person, membershipsOf(groups));
  await timed(latencies, "DatabaseDuration", () => kept.run(statement, signal));
  return groups;
}

function createDatabase(): Database {
  const values = readEnvironment(environment);
  return new Database({
    host: values.DATABASE_HOST,
    port: values.DATABASE_PORT,
    name: values.DATABASE_NAME,
    secret: secret(values.DATABASE_SECRET_ARN),
    caFile: values.DATABASE_CA_FILE,
  });
}
