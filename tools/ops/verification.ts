import { Option } from "@commander-js/extra-typings";
import { oneOf, repeatable, wholeNumber } from "../cli/command.ts";
import { EXIT } from "../cli/problem.ts";
import type { Check, Finding, Subject } from "./checks/check.ts";
import { checks } from "./checks/index.ts";
import { poll } from "./clock.ts";

const POLL_SECONDS = 10;

const nameOf = ({ name }: Check) => name;
const checkNames = checks.map(nameOf).join(", ");
const parseChecks = repeatable(oneOf(checks, nameOf));

export const onlyOption = () =>
  new Option("--only <check>", `run this check alone; may be repeated: ${checkNames}`)
    .argParser<readonly Check[]>(parseChecks)
    .default<readonly Check[]>([], "all");

export const skipOption = () =>
  new Option("--skip <check>", "leave this check out; may be repeated")
    .argParser<readonly Check[]>(parseChecks)
    .default<readonly Check[]>([], "none");

export const waitOption = (minutes: number) =>
  new Option("--wait <minutes>", "time for which failing checks are repeated")
    .argParser(wholeNumber(0, 60))
    .default(minutes);

/** Which checks a verification runs, and for how many minutes it repeats those that fail. */
export interface Verification {
  readonly checks: readonly Check[];
  readonly wait: number;
}

/** The checks that the options choose. */
export const checksToRun = ({
  only = [],
  skip,
}: {
  readonly only?: readonly Check[];
  readonly skip: readonly Check[];
}): Check[] => checks.filter((check) => (only.length === 0 || only.includes(check)) && !skip.includes(check));

interface Result extends Finding {
  readonly check: string;
}

/** Runs checks and reports what each found. @returns the exit code */
export async function verify(subject: Subject, verification: Verification): Promise<number> {
  const { report } = subject.context;
  const results: Result[] = [];
  for (const check of verification.checks) {
    report.progress(`checking ${check.name}`);
    for (const finding of await runCheck(subject, check, verification.wait))
      results.push({ check: check.name, ...finding });
  }
  report.table(results.map(({ state, what, found }) => [state === "failed" ? "FAILED" : state, what, found]));
  for (const { what, remedy } of results.filter(({ state }) => state === "failed"))
    if (remedy) report.line(`${what}: ${remedy}`);
  const count = (state: Finding["state"]) => results.filter((result) => result.state === state).length;
  const summary = { passed: count("passed"), failed: count("failed"), skipped: count("skipped") };
  report.line(`${summary.passed} passed, ${summary.failed} failed, ${summary.skipped} skipped`);
  report.result({ checks: results, summary });
  return summary.failed === 0 ? EXIT.ok : EXIT.failed;
}

async function runCheck(subject: Subject, check: Check, timeoutMinutes: number): Promise<readonly Finding[]> {
  let findings = await check.run(subject);
  const failures = () => findings.filter(({ state }) => state === "failed");
  if (timeoutMinutes === 0 || !check.transient || failures().length === 0) return findings;
  const { clock, report } = subject.context;
  await poll(clock, { pollSeconds: POLL_SECONDS, timeoutMinutes }, async (seconds) => {
    if (seconds > 0) findings = await check.run(subject);
    if (failures().length === 0) return true;
    const list = failures().map(({ what, found }) => `${what}: ${found}`);
    report.progress(`${check.name}: ${list.join("; ")} (${seconds} s)`);
    return undefined;
  });
  return findings;
}
