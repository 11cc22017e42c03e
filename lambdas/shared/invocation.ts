/** CloudWatch namespace of the metrics that the handlers write. */
export const metricsNamespace = "PhenomChat";

/** The metrics of every invocation, and what they are counted by. */
export const metricNames = { invocations: "Invocations", duration: "Duration" } as const;
export const dimensionNames = { function: "Function", outcome: "Outcome" } as const;

export type Level = "INFO" | "WARN" | "ERROR";

/** What a log line may carry: ids, codes and figures, never names, addresses or message texts. */
export type Fields = Readonly<Record<string, string | number | boolean | null | undefined>>;

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
      const metrics = {
        [metricNames.invocations]: 1,
        [metricNames.duration]: milliseconds(performance.now() - started),
      };
      write(level, {
        message: outcome,
        ...common,
        [dimensionNames.outcome]: outcome,
        ...fields,
        ...metrics,
        ...Object.fromEntries(Object.entries(latencies).map(([name, value]) => [name, milliseconds(value)])),
        _aws: {
          Timestamp: Date.now(),
          CloudWatchMetrics: [
            directive(
              [byFunction, [...byFunction, dimensionNames.outcome]],
              [[metricNames.invocations, "Count"], ms(metricNames.duration)],
            ),
            ...(Object.keys(latencies).length > 0
              ? [directive([byFunction], Object.keys(latencies).map(ms))]
              : []),
          ],
        },
      });
    },
  };
}

const byFunction = [dimensionNames.function];

const ms = (name: string): [string, string] => [name, "Milliseconds"];

const milliseconds = (value: number) => Math.round(value * 1000) / 1000;

const directive = (dimensions: string[][], metrics: [name: string, unit: string][]) => ({
  Namespace: metricsNamespace,
  Dimensions: dimensions,
  Metrics: metrics.map(([Name, Unit]) => ({ Name, Unit })),
});

// Not by console: with the JSON log format Lambda puts what it prints into a string, where CloudWatch no
// longer finds metrics.
const write = (level: Level, line: object) =>
  process.stdout.write(`${JSON.stringify({ timestamp: new Date().toISOString(), level, ...line })}\n`);

/** An error's name, code and text for a log line, with those of its cause, which is where fetch says why. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let current = error; current !== undefined && parts.length < 3; ) {
    if (!(current instanceof Error)) {
      parts.push(String(current));
      break;
    }
    const code = "code" in current && typeof current.code === "string" ? ` [${current.code}]` : "";
    parts.push(`${current.name}${code}: ${current.message}`);
    current = current.cause;
  }
  return parts.join("; ").slice(0, 1000);
}
