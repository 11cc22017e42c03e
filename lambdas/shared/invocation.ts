import type { ErrorDescription } from "../../shared/describe-error.ts";
import { embeddedMetrics, metricDirective, type Unit } from "../../shared/embedded-metrics.ts";

/** CloudWatch namespace of the metrics that the handlers write. */
export const metricsNamespace = "PhenomChat";

/** The metrics of every invocation, and what they are counted by. */
export const metricNames = { invocations: "Invocations", duration: "Duration" } as const;
export const dimensionNames = { function: "Function", outcome: "Outcome" } as const;

export type Level = "INFO" | "WARN" | "ERROR";

/** What a log line may carry: ids, codes and figures, never names, addresses or message texts. */
export type Fields = Readonly<
  Record<string, string | number | boolean | null | undefined | ErrorDescription>
>;

/** Times taken, in milliseconds, by metric name. */
export type Latencies = Readonly<Record<string, number>>;

/** The part of Lambda's context that the handlers read. */
export interface InvocationContext {
  readonly awsRequestId: string;
  /** Milliseconds until Lambda ends the invocation. */
  getRemainingTimeInMillis(): number;
}

/** `Outcome` names the ways in which it can end. */
export interface Invocation<Outcome extends string = string> {
  log(level: Level, message: string, fields?: Fields): void;
  /**
   * The invocation's last line, which is also its metrics: `Invocations` (count) and `Duration` (ms) by
   * Function and by Function and Outcome, the latencies by Function.
   */
  finish(outcome: Outcome, level: Level, fields?: Fields, latencies?: Latencies): void;
}

const byFunction = [dimensionNames.function];
const invocationMetrics = metricDirective(
  metricsNamespace,
  [byFunction, [...byFunction, dimensionNames.outcome]],
  {
    [metricNames.invocations]: "Count",
    [metricNames.duration]: "Milliseconds",
  },
);

/**
 * Logs one invocation as JSON, one object a line, with `timestamp` and `level` where Lambda's JSON log
 * format looks for them, and metrics in CloudWatch's embedded metric format.
 */
export function startInvocation<Outcome extends string>(
  functionName: string,
  context: InvocationContext,
): Invocation<Outcome> {
  const started = performance.now();
  const common = { [dimensionNames.function]: functionName, requestId: context.awsRequestId };
  return {
    log: (level, message, fields = {}) => write(level, { message, ...common, ...fields }),
    finish(outcome, level, fields = {}, latencies = {}) {
      const names = Object.keys(latencies);
      const units = Object.fromEntries(names.map((name): [string, Unit] => [name, "Milliseconds"]));
      write(level, {
        message: outcome,
        ...common,
        [dimensionNames.outcome]: outcome,
        ...fields,
        [metricNames.invocations]: 1,
        [metricNames.duration]: milliseconds(performance.now() - started),
        ...Object.fromEntries(Object.entries(latencies).map(([name, value]) => [name, milliseconds(value)])),
        ...embeddedMetrics([
          invocationMetrics,
          ...(names.length > 0 ? [metricDirective(metricsNamespace, [byFunction], units)] : []),
        ]),
      });
    },
  };
}

const milliseconds = (value: number) => Math.round(value * 1000) / 1000;

// Not by console: with the JSON log format Lambda puts what it prints into a string, where CloudWatch no
// longer finds metrics.
const write = (level: Level, line: object) =>
  process.stdout.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, ...line })}\n`);
