import { metricMath } from "./metric-math.ts";
import type { Series, Statistic, Values } from "./series.ts";

export const STATES = ["OK", "ALARM", "INSUFFICIENT_DATA"] as const;
export const [OK, ALARM, INSUFFICIENT_DATA] = [0, 1, 2] as const;

export interface Metric {
  readonly namespace: string;
  readonly name: string;
  /** Values of the dimensions by their names. */
  readonly dimensions: Readonly<Record<string, string>>;
}

export type Missing = "missing" | "ignore" | "breaching" | "notBreaching";

export interface MetricAlarm {
  readonly name: string;
  /** Metrics with their statistics by id. */
  readonly metrics: Readonly<Record<string, { readonly metric: Metric; readonly statistic: Statistic }>>;
  /** Metric math by id, of which the last is watched. Empty where the only metric is. */
  readonly expressions: Readonly<Record<string, string>>;
  readonly breaches: (value: number, threshold: number) => boolean;
  readonly threshold: number;
  /** Minutes of one period. */
  readonly period: number;
  readonly evaluationPeriods: number;
  readonly datapointsToAlarm: number;
  readonly missing: Missing;
}

/** Data points that CloudWatch reads beyond the evaluation periods, in case some are missing: 5 for 3 in its examples. */
const SPARE = 2;

/** The state of an alarm at the end of each minute. */
export function evaluate(
  alarm: MetricAlarm,
  series: (metric: Metric) => Series,
  minutes: number,
): Uint8Array {
  const { breaches, threshold, period, evaluationPeriods, missing } = alarm;
  const states = new Uint8Array(minutes);
  const values = watched(alarm, series);
  const pointOf = (value: number) =>
    Number.isNaN(value) ? MISSING : breaches(value, threshold) ? BREACHING : FINE;
  const isFine = (point: number) => point === FINE || (point === MISSING && missing === "notBreaching");
  if (typeof values === "number" && isFine(pointOf(values))) return states;

  /** The data point of the period that ends with each minute. */
  const all = new Int8Array(minutes);
  let fine = true;
  for (let end = 0; end < minutes; end++) {
    const point = pointOf(typeof values === "number" ? values : (values[end] as number));
    all[end] = point;
    if (!isFine(point)) fine = false;
  }
  if (fine) return states;

  const points = new Int8Array(evaluationPeriods + SPARE);
  let state: number = INSUFFICIENT_DATA;
  /** The last minute whose data point is not fine, as none is before the first. */
  let last = -1;
  for (let end = 0; end < minutes; end++) {
    if (!isFine(all[end] as number)) last = end;
    if (end - last > points.length * period) {
      state = OK;
      continue;
    }
    for (let back = 0; back < points.length; back++) {
      const at = end - back * period;
      points[back] = at < 0 ? MISSING : (all[at] as number);
    }
    state = stateOf(points, alarm, state);
    states[end] = state;
  }
  return states;
}

const [MISSING, FINE, BREACHING] = [-1, 0, 1];

function watched({ metrics, expressions, period }: MetricAlarm, series: (metric: Metric) => Series): Values {
  const values: Record<string, Values> = {};
  let last: Values | undefined;
  for (const [id, { metric, statistic }] of Object.entries(metrics))
    last = values[id] = series(metric).windows(statistic, period);
  for (const [id, expression] of Object.entries(expressions))
    last = values[id] = metricMath(expression, values);
  if (last === undefined) throw new Error("an alarm without metrics");
  return last;
}

/**
 * CloudWatch's rules for M out of N with missing data, from "Configuring how CloudWatch alarms treat missing data".
 *
 * @param points newest first
 * @param before state until now
 */
export function stateOf(
  points: Int8Array,
  {
    evaluationPeriods,
    datapointsToAlarm,
    missing,
  }: Pick<MetricAlarm, "evaluationPeriods" | "datapointsToAlarm" | "missing">,
  before: number,
): number {
  let [existing, breaching, oldest] = [0, 0, 0];
  for (let back = 0; back < points.length && existing < evaluationPeriods; back++) {
    if (points[back] === MISSING) continue;
    existing++;
    oldest = back + 1;
    if (points[back] === BREACHING) breaching++;
  }
  const lacking = evaluationPeriods - existing;
  if (lacking === 0 || missing === "notBreaching") return breaching >= datapointsToAlarm ? ALARM : OK;
  if (missing === "breaching") return breaching + lacking >= datapointsToAlarm ? ALARM : OK;
  const undecided = missing === "ignore" ? before : INSUFFICIENT_DATA;
  if (existing === 0) return undecided;
  if (breaching >= datapointsToAlarm) return ALARM;
  if (breaching < existing) return OK;
  // Only breaching points, and too few. One that is old enough decides, unless the state is to be kept.
  return missing === "missing" && oldest >= datapointsToAlarm ? ALARM : undecided;
}
