import type { Check, Finding, Subject } from "./checks/check.ts";
import { checks } from "./checks/index.ts";
import { poll } from "./clock.ts";
import { type Invocation, usage, type Verb, wholeNumber } from "./verb.ts";

/** Minutes for which a deployment waits for health: 30 looks, 10 seconds apart. */
export const WAIT_MINUTES = "5";
const POLL_SECONDS = 10;

/** Options of the verbs that verify. */
export const verifyOptions = {
  skip: {
    type: "string",
    multiple: true,
    help: `leave a check out: ${checks.map(({ name }) => name).join(", ")}`,
  },
  wait: {
    type: "string",
    help: `minutes for which a check that fails is repeated (default ${WAIT_MINUTES}; verify: 0)`,
  },
} as const satisfies Verb["options"];

export interface Thoroughness {
  readonly checks: readonly Check[];
  readonly waitMinutes: number;
}

/** What an invocation asks for. @throws Problem (usage) where a check is unknown */
export function thoroughness(verb: Verb, invocation: Invocation, waitMinutes = WAIT_MINUTES): Thoroughness {
  const [only, skip] = [invocation.list("only"), invocation.list("skip")];
  for (const name of [...only, ...skip])
    if (!checks.some((check) => check.name === name))
      throw usage(
        verb,
        `there is no check ${name}: there are ${checks.map((check) => check.name).join(", ")}`,
      );
  return {
    checks: checks.filter(({ name }) => (only.length === 0 || only.includes(name)) && !skip.includes(name)),
    waitMinutes: wholeNumber(verb, "--wait", invocation.text("wait") ?? waitMinutes, 0, 60),
  };
}

interface Result extends Finding {
  readonly check: string;
}

/** Runs checks, says what each found, and gives whether none failed. */
export async function verify(subject: Subject, { checks, waitMinutes }: Thoroughness): Promise<boolean> {
  const { report } = subject.context;
  const results: Result[] = [];
  for (const check of checks) {
    report.progress(`checking ${check.name}`);
    for (const finding of await look(subject, check, waitMinutes))
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

async function look(subject: Subject, check: Check, timeoutMinutes: number): Promise<readonly Finding[]> {
  let findings = await check.look(subject);
  const failures = () => findings.filter(({ state }) => state === "failed");
  if (timeoutMinutes === 0 || !check.transient || failures().length === 0) return findings;
  const { clock, report } = subject.context;
  await poll(clock, { pollSeconds: POLL_SECONDS, timeoutMinutes }, async (seconds) => {
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
