import { EXIT } from "../../cli/problem.ts";
import type { Finding } from "../checks/check.ts";
import { account } from "./account.ts";
import type { PreflightCheck, Subject } from "./check.ts";
import { cloudflare } from "./cloudflare.ts";
import { dockerHub } from "./docker-hub.ts";
import { inputs } from "./inputs.ts";
import { loadBalancer } from "./load-balancer.ts";
import { names } from "./names.ts";
import { network } from "./network.ts";
import { platform } from "./platform.ts";
import { quotas } from "./quotas.ts";
import { secrets } from "./secrets.ts";
import { userPool } from "./user-pool.ts";

export { subjectOf } from "./subject.ts";

/** What is checked before the first deployment, in the order of the table. */
export const preflightChecks: readonly PreflightCheck[] = [
  account,
  inputs,
  network,
  loadBalancer,
  platform,
  userPool,
  secrets,
  dockerHub,
  cloudflare,
  quotas,
  names,
];

/** How a finding reads here: what could not be looked at is unknown. */
const words: Readonly<Record<Finding["state"], string>> = {
  passed: "ok",
  failed: "FAILED",
  skipped: "unknown",
  later: "later",
};

/**
 * Runs every check and prints one table.
 * @returns 1 where something has to be corrected, 77 where something could not be looked at, otherwise 0
 */
export async function preflight(subject: Subject): Promise<number> {
  const { report } = subject.context;
  const results: (Finding & { readonly check: string })[] = [];
  for (const { name, run } of preflightChecks) {
    report.progress(`checking ${name}`);
    for (const finding of await run(subject)) results.push({ check: name, ...finding });
  }
  report.table(results.map(({ check, state, what, found }) => [words[state], check, what, found]));
  const open = results.filter(({ state }) => state !== "passed");
  for (const { what, remedy } of open) if (remedy) report.line(`${what}: ${remedy}`);
  const count = (state: Finding["state"]) => results.filter((result) => result.state === state).length;
  const [ok, failed, unknown, later] = [count("passed"), count("failed"), count("skipped"), count("later")];
  report.line(`${ok} ok, ${failed} failed, ${unknown} unknown${later ? `, ${later} later` : ""}`);
  report.result({
    checks: results.map((result) => ({ ...result, state: words[result.state].toLowerCase() })),
    summary: { ok, failed, unknown, later },
  });
  if (failed) return EXIT.failed;
  return unknown ? EXIT.refused : EXIT.ok;
}
