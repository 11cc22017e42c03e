import type { ErrorDescription } from "../../shared/describe-error.ts";
import { embeddedMetrics, metricDirective, type Unit } from "../../shared/embedded-metrics.ts";

/** CloudWatch namespace of the metrics that the handlers write. */
export const METRICS_NAMESPACE = "PhenomChat";

/** The metrics of every invocation, and their dimensions. */
export const metricNames = { invocations: "Invocations", duration: "Duration" } as const;
export const dimensionNames = { function: "Function", outcome: "Outcome" } as const;

export type Level = "INFO" | "WARN" | "ERROR";

/** Fields of a log line: ids, codes and numbers, never names, addresses or message texts. */
type Fields = Readonly<Record<string, string | number | boolean | null | undefined | ErrorDescription>>;

/** Durations in milliseconds, by metric name. */
type Latencies = Readonly<Record<string, number>>;

/** The part of Lambda's context that the handlers read. */
export interface InvocationContext {
  readonly awsRequestId: string;
  /** Milliseconds until Lambda ends the invocation. */
  getRemainingTimeInMillis(): number;
}

/** The log of one invocation, which ends with one `Outcome`. */
export interface Invocation<Outcome extends string = string> {
  log(level: Level, message: string, fields?: Fields): void;
  /** Logs a line that holds metrics of its own. @param fields with their `_aws`, in the embedded metric format */
  measure(message: string, fields: object): void;
  /**
   * Writes the invocation's last line, which holds its metrics too: `Invocations` (count) and `Duration` (ms) by
   * Function and by Function and Outcome, the latencies by Function.
   */
  finish(outcome: Outcome, level: Level, fields?: Fields, latencies?: Latencies): void;
}

const byFunction = [dimensionNames.function];
const invocationMetrics = metricDirective(
  METRICS_NAMESPACE,
  [byFunction, [...byFunction, dimensionNames.outcome]],
  {
    [metricNames.invocations]: "Count",
    [metricNames.duration]: "Milliseconds",
  },
);

/**
 * Logs one invocation as JSON lines, with the fields `timestamp` and `level` of Lambda's JSON log format and with
 * metrics in CloudWatch's embedded metric format.
 */
export function startInvocation<Outcome extends string>(
  functionName: string,
  context: InvocationContext,
): Invocation<Outcome> {
  const started = performance.now();
  const common = { [dimensionNames.function]: functionName, requestId: context.awsRequestId };
  return {
    log: (level, message, fields = {}) => write(level, { message, ...common, ...fields }),
    measure: (message, fields) => write("INFO", { message, ...common, ...fields }),
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
          ...(names.length > 0 ? [metricDirective(METRICS_NAMESPACE, [byFunction], units)] : []),
        ]),
      });
    },
  };
}

const milliseconds = (value: number) => Math.round(value * 1000) / 1000;

// Lambda's JSON log format wraps what console prints in a string, in which CloudWatch finds no metrics.
const write = (level: Level, line: object) =>
  process.stdout.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, ...line })}\n`);
