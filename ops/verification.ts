import type { Check, Finding, Subject } from "./checks/check.ts";
import { checks } from "./checks/index.ts";
import { poll } from "./clock.ts";

/** A deployment waits so long for health: 30 looks, 10 seconds apart. */
export const PATIENT = { pollSeconds: 10, timeoutMinutes: 5 };

interface Result extends Finding {
  readonly check: string;
}

/**
 * Runs checks, says what each found, and gives whether none failed.
 * @param patient whether a check that failed is repeated for five minutes, as after a deployment
 */
export async function verify(
  subject: Subject,
  patient: boolean,
  only: readonly Check[] = checks,
): Promise<boolean> {
  const { report } = subject.context;
  const results: Result[] = [];
  for (const check of only) {
    report.progress(`checking ${check.name}`);
    for (const finding of await look(subject, check, patient))
      results.push({ check: check.name, ...finding });
  }
  report.table(results.map(({ state, what, found }) => [state === "failed" ? "FAILED" : state, what, found]));
  for (const { what, remedy } of results.filter(({ state }) => state === "failed"))
    if (remedy) report.line(`${what}: ${remedy}`);
  const count = (state: Finding["state"]) => results.filter((result) => result.state === state).length;
  const summary = { passed: count("passed"), failed: count("failed"), leftOut: count("left out") };
  report.line(`${summary.passed} passed, ${summary.failed} failed, ${summary.leftOut} left out`);
  report.result({ checks: results, summary });
  return summary.failed === 0;
}

async function look(subject: Subject, check: Check, patient: boolean): Promise<readonly Finding[]> {
  let findings = await check.look(subject);
  const failures = () => findings.filter(({ state }) => state === "failed");
  if (!patient || failures().length === 0) return findings;
  const { clock, report } = subject.context;
  await poll(clock, PATIENT, async (seconds) => {
    if (seconds > 0) findings = await check.look(subject);
    if (failures().length === 0) return true;
    report.progress(
      `${check.name}: ${failures()
        .map(({ what, found }) => `${what}: ${found}`)
        .join("; ")} (${seconds} s)`,
    );
    return undefined;
  });
  return findings;
}
