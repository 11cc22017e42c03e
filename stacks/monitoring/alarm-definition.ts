import type { Metric, Statistic } from "./metrics.ts";
import type { Threshold } from "./thresholds.ts";

export interface AlarmDefinition {
  /** End of the alarm's name. */
  readonly id: string;
  /** Heading of its section in the runbook. @default - the id */
  readonly section?: string;
  readonly metric: Metric;
  readonly statistic: Statistic;
  readonly threshold: Threshold;
  /**
   * What missing data means. `breaching`: the source always reports, so it is gone. `notBreaching`: nothing happened
   * that could be counted.
   */
  readonly missing: "breaching" | "notBreaching";
  readonly meaning: string;
  /** What to do first; the runbook has the rest. */
  readonly remedy: string;
}
