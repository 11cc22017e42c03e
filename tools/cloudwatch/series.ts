/** Statistics of CloudWatch that alarms here use. A percentile of several minutes is taken as their highest. */
export type Statistic = "Average" | "Maximum" | "Minimum" | "SampleCount" | "Sum" | `p${number}`;

/** A value for each minute, NaN where there is none; or one for all minutes. */
export type Values = Float64Array | number;

const NONE = Number.NaN;

/** A metric as CloudWatch keeps it: for each minute how many values there were, and their mean. None is below zero. */
export class Series {
  readonly #means: Float64Array | undefined;
  readonly #counts: Float64Array | undefined;

  /**
   * @param means NaN where a minute has no value; `undefined` for a metric without any
   * @param counts values in each minute. @default - one where there is a mean
   */
  constructor(means: Float64Array | undefined, counts?: Float64Array) {
    this.#means = means;
    this.#counts = counts;
  }

  /** A statistic of the window that ends with each minute; NaN where the window has no value. */
  windows(statistic: Statistic, minutes: number): Values {
    const means = this.#means;
    if (!means) return NONE;
    switch (statistic) {
      case "Sum":
      case "Average":
      case "SampleCount":
        return sums(means, this.#counts, statistic, minutes);
      case "Minimum":
        return minutes === 1 ? means : extremes(means, minutes, -1);
      default:
        return minutes === 1 ? means : extremes(means, minutes, 1);
    }
  }
}

function sums(
  means: Float64Array,
  counts: Float64Array | undefined,
  statistic: "Sum" | "Average" | "SampleCount",
  minutes: number,
): Float64Array {
  const { length } = means;
  const result = new Float64Array(length);
  let sum = 0;
  let count = 0;
  for (let end = 0; end < length; end++) {
    const last = means[end] as number;
    if (last >= 0) {
      const number = counts ? (counts[end] as number) : 1;
      count += number;
      sum += number * last;
    }
    const start = end - minutes;
    if (start >= 0) {
      const first = means[start] as number;
      if (first >= 0) {
        const number = counts ? (counts[start] as number) : 1;
        count -= number;
        sum = count === 0 ? 0 : sum - number * first;
      }
    }
    result[end] =
      count === 0 ? NONE : statistic === "Sum" ? sum : statistic === "Average" ? sum / count : count;
  }
  return result;
}

/** @param sign 1 for the highest value, -1 for the lowest */
function extremes(means: Float64Array, minutes: number, sign: 1 | -1): Float64Array {
  const { length } = means;
  const result = new Float64Array(length);
  // Minutes of the window whose value no later one exceeds; the first is the answer.
  const candidates = new Int32Array(length);
  let first = 0;
  let last = 0;
  for (let end = 0; end < length; end++) {
    const value = means[end] as number;
    if (value >= 0) {
      while (last > first && sign * (means[candidates[last - 1] as number] as number) <= sign * value) last--;
      candidates[last++] = end;
    }
    if (first < last && (candidates[first] as number) <= end - minutes) first++;
    result[end] = first < last ? (means[candidates[first] as number] as number) : NONE;
  }
  return result;
}
