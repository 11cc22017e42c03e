import type { Context } from "../context.ts";
import { explain } from "../explain.ts";
import type { Outputs } from "../outputs.ts";
import { EXIT } from "../problem.ts";

export interface Finding {
  /** What was looked at. */
  readonly what: string;
  /** `left out` where it could not be looked at, which is no failure. */
  readonly state: "passed" | "failed" | "left out";
  /** What was found. */
  readonly found: string;
  /** What to do about a failure, or to have it looked at. */
  readonly remedy?: string;
}

export interface Subject {
  readonly context: Context;
  readonly outputs: Outputs;
  /** Task definitions, by part, that services were rolled back to; the outputs name the others'. */
  readonly rolledBack: Readonly<Record<string, string>>;
}

export interface Check {
  readonly name: string;
  /** Whether a failure may pass by itself shortly after a deployment, so that looking again is of use. */
  readonly transient: boolean;
  look(subject: Subject): Promise<readonly Finding[]>;
}

export const passed = (what: string, found: string): Finding => ({ what, state: "passed", found });
export const failed = (what: string, found: string, remedy: string): Finding => ({
  what,
  state: "failed",
  found,
  remedy,
});
export const leftOut = (what: string, found: string, remedy: string): Finding => ({
  what,
  state: "left out",
  found,
  remedy,
});

/** Milliseconds that a public address may take to answer. */
const ANSWER_MS = 15_000;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  readonly json: unknown;
}

/** Asks a public address, following no redirect. @throws Error that says why there is no answer */
export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(ANSWER_MS), ...init });
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, json };
}

/** Why `fetch` failed: its own message is "fetch failed". */
export function networkError(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

/** A finding out of a look that may throw: out of reach counts as failed, a missing right as left out. */
export async function finding(what: string, remedy: string, look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof TypeError || (error instanceof Error && error.name === "TimeoutError"))
      return failed(what, `no answer: ${networkError(error)}`, remedy);
    const problem = explain(error);
    return problem.exitCode === EXIT.refused
      ? leftOut(what, problem.message, problem.remedy)
      : failed(what, problem.message, problem.remedy);
  }
}
