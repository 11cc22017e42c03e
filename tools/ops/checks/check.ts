import { EXIT } from "../../cli/problem.ts";
import type { Context } from "../context.ts";
import { explain } from "../explain.ts";
import type { Outputs } from "../outputs.ts";

export interface Finding {
  /** What was checked. */
  readonly what: string;
  /**
   * `skipped` where it could not be checked, which is no failure; `later` where that is as it should be, because a later
   * step checks it.
   */
  readonly state: "passed" | "failed" | "skipped" | "later";
  /** What was found. */
  readonly found: string;
  /** How to correct a failure, or how to have a skipped check run. */
  readonly remedy?: string;
}

export interface Subject {
  readonly context: Context;
  readonly outputs: Outputs;
  /** Task definitions that services were rolled back to, by part; the outputs name those of the others. */
  readonly rolledBack: Readonly<Record<string, string>>;
}

export interface Check {
  readonly name: string;
  /** Whether a failure may pass by itself shortly after a deployment, so that repeating the check makes sense. */
  readonly transient: boolean;
  run(subject: Subject): Promise<readonly Finding[]>;
}

export const passed = (what: string, found: string): Finding => ({ what, state: "passed", found });
export const failed = (what: string, found: string, remedy: string): Finding => ({
  what,
  state: "failed",
  found,
  remedy,
});
export const skipped = (what: string, found: string, remedy: string): Finding => ({
  what,
  state: "skipped",
  found,
  remedy,
});
export const later = (what: string, found: string): Finding => ({ what, state: "later", found });

/** Time limit of a request. */
const TIMEOUT_MS = 15_000;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; `undefined` if invalid. */
  readonly json: unknown;
}

/** Sends a request, and follows no redirect. @throws Error that says why there is no answer */
export async function request(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT_MS), ...init });
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, json };
}

/** Why `fetch` failed: its own message is only "fetch failed". */
function networkError(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

/** The finding of a check that may throw: an unreachable service is a failure, a missing permission skips the check. */
export async function finding(what: string, remedy: string, run: () => Promise<Finding>): Promise<Finding> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof TypeError || (error instanceof Error && error.name === "TimeoutError"))
      return failed(what, `no answer: ${networkError(error)}`, remedy);
    const problem = explain(error);
    return problem.exitCode === EXIT.refused
      ? skipped(what, problem.message, problem.remedy)
      : failed(what, problem.message, problem.remedy);
  }
}
