import { seeded } from "./random.ts";

/**
 * The percentile, interpolated between neighbours (type 7 of Hyndman and Fan, as in R, NumPy and spreadsheets). NaN for
 * an empty list.
 */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = ((sorted.length - 1) * percent) / 100;
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (low === undefined || high === undefined) return Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

export const median = (values: readonly number[]): number => percentile(values, 50);

/** Median and range of a figure over runs. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Number of runs that have a value. */
  readonly runs: number;
}

/** `undefined` if no run has a value. */
export function spread(values: readonly number[]): Spread | undefined {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return undefined;
  return { median: median(finite), min: Math.min(...finite), max: Math.max(...finite), runs: finite.length };
}

export interface Interval {
  /** Median of the differences. */
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 4000;

/**
 * First minus second, run by run: a 95 % confidence interval of the median difference, by the percentile bootstrap over
 * the pairs. The runs of a pair follow one another, so other load on the machine affects both. `undefined` below five
 * pairs, where resampling adds no information.
 */
export function pairedDifference(first: readonly number[], second: readonly number[]): Interval | undefined {
  const differences = first
    .map((value, index) => value - (second[index] ?? Number.NaN))
    .filter(Number.isFinite);
  if (differences.length < 5) return undefined;
  const random = seeded(1);
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(differences.map(() => random.pick(differences))),
  );
  return {
    estimate: median(differences),
    low: percentile(medians, 2.5),
    high: percentile(medians, 97.5),
  };
}
