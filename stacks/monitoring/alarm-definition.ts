import type { ListTerraformIterator } from "cdktf";
import type { Metric, Statistic } from "./metrics.ts";
import type { Threshold } from "./thresholds.ts";

/** What one message is about: an implementation, the agents' tools, or what all of them stand on. */
export type Part = "a" | "b" | "agents" | "platform";

/**
 * Who hears of an alarm. `symptom`: people feel it, so it pages, together with the other symptoms of its part. `cause`:
 * it may explain a symptom, so it is a ticket together with the part's other causes, and none while the part pages.
 * `ticket`: no other alarm reports it and it lasts, so it is a ticket of its own. `burn`: one window of a service level,
 * which counts together with the other. `marker`: it tells nobody, and keeps others quiet.
 */
type Role = "symptom" | "cause" | "ticket" | "burn" | "marker";

/** One statistic of one metric. */
export interface Watched {
  readonly metric: Metric;
  readonly statistic: Statistic;
}

/** Metric math: expressions by their ids, the last of which is compared with the threshold. */
export interface Calculated {
  readonly metrics: Readonly<Record<string, Watched>>;
  readonly expressions: Readonly<Record<string, string>>;
}

export type AlarmDefinition = (Watched | Calculated) & {
  /** End of the alarm's name. */
  readonly id: string;
  /** What the runbook calls it. @default - the id */
  readonly section?: string;
  readonly part: Part;
  readonly role: Role;
  /** One alarm for each of these, which only Terraform knows. */
  readonly forEach?: ListTerraformIterator;
  readonly threshold: Threshold;
  /**
   * What missing data means. `breaching`: the source always reports, so it is gone. `notBreaching`: nothing happened
   * that could be counted.
   */
  readonly missing: "breaching" | "notBreaching";
  readonly meaning: string;
  /** What to do first; the runbook has the rest. */
  readonly remedy: string;
};

/** A combination of alarms that tells somebody, except while we deploy. */
export interface CompositeDefinition {
  /** End of the alarm's name, and its section in the runbook. */
  readonly id: string;
  readonly severity: Severity;
  readonly rule: Rule;
  readonly meaning: string;
  readonly remedy: string;
}

/** `page`: somebody is woken. `ticket`: somebody looks within a working day. */
export type Severity = "page" | "ticket";

/** A rule of alarms' ids. */
export type Rule =
  | { readonly alarm: string }
  | { readonly any: readonly Rule[] }
  | { readonly all: readonly Rule[] }
  | { readonly not: Rule };
