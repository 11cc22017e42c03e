import { type Measure, minSamples } from "./figures.ts";
import type { LiveStep, Results } from "./results.ts";
import { percentile } from "./statistics.ts";

/** Numbers of waiting apps to which messages were sent in a step that is not a mix. */
export const audiences = ({ runs }: Results): number[] => [
  ...new Set(
    runs.flatMap(({ live }) =>
      (live ?? [])
        .filter(({ sends, signIns, receivers }) => sends * receivers > 0 && signIns === 0)
        .map(({ receivers }) => receivers),
    ),
  ),
];

export const apps = (receivers: number) => (receivers === 1 ? "1 waiting app" : `${receivers} waiting apps`);

const ofStep =
  (receivers: number, value: (step: LiveStep) => number): Measure["of"] =>
  ({ live }) => {
    const step = live?.find((each) => each.receivers === receivers && each.sends > 0 && each.signIns === 0);
    return step ? value(step) : Number.NaN;
  };

/** From a send to its arrival. */
export const arrival = (receivers: number, percent: number): Measure => ({
  label: `Arrival at ${apps(receivers)}, ${percent === 50 ? "median" : `${percent}th percentile`}`,
  unit: "ms",
  better: "lower",
  of: ofStep(receivers, ({ arrivals }) =>
    arrivals.length < minSamples(percent) ? Number.NaN : percentile(arrivals, percent),
  ),
});

export const signInTime: Measure = {
  label: "Sign-in with the first page, median",
  unit: "ms",
  better: "lower",
  of: ({ live }) => {
    const step = live?.find(({ signIns, receivers }) => signIns > 0 && receivers === 0);
    return step ? percentile(step.signInTimes, 50) : Number.NaN;
  },
};

export const missing: Measure = {
  label: "Messages that did not arrive",
  unit: "count",
  better: "lower",
  of: ({ live }) => (live ? live.reduce((sum, step) => sum + step.missing, 0) : Number.NaN),
};

/** The largest number of waiting apps; 0 if none were measured. */
export const mostApps = (results: Results): number => Math.max(0, ...audiences(results));
