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
   * What no value means. `breaching`: something is gone that always reports. `notBreaching`: nothing happened that
   * could be counted.
   */
  readonly missing: "breaching" | "notBreaching";
  readonly meaning: string;
  /** What to do first; the runbook has the rest. */
  readonly remedy: string;
}
