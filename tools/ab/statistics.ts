import { seeded } from "./random.ts";

/**
 * The value that `percent` of the others do not exceed, interpolated between neighbours (type 7 of Hyndman and Fan,
 * which R, NumPy and spreadsheets use). NaN for an empty list.
 */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = ((sorted.length - 1) * percent) / 100;
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  if (low === undefined || high === undefined) return Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

export const median = (values: readonly number[]): number => percentile(values, 50);

/** A figure over runs: what is typical, and between what it lay. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Number of runs that gave one. */
  readonly runs: number;
}

/** Undefined where no run gave a figure. */
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
 * How much the first is more than the second, run by run: a 95 % interval of the median difference, by the percentile
 * bootstrap over the pairs. Runs of a pair follow one another, so what else happened on the machine met both.
 * Undefined below five pairs, where resampling says nothing that the values do not.
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
