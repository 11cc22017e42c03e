export const units = ["s", "ms", "µs", "kB", "MiB", "requests/s", "tokens", "rows"] as const;
type Unit = (typeof units)[number];

/** Holds for the ratio where a figure has a baseline, otherwise for the measured value. */
export type Target = { readonly atMost: number } | { readonly atLeast: number };

export interface Figure {
  readonly label: string;
  readonly measured: number;
  readonly unit: Unit;
  /** The same quantity of something to compare with, measured in the same run. */
  readonly baseline?: { readonly label: string; readonly measured: number };
  /** @default - none: the figure is for comparison only */
  readonly target?: Target;
}

export interface Run {
  /** Shorter, to see that the benchmark works. */
  readonly quick: boolean;
  progress(line: string): void;
}

/** A module of this folder. */
export interface Benchmark {
  readonly name: string;
  readonly description: string;
  measure(run: Run): Promise<Figure[]>;
}

/** The measured value divided by the baseline's; `undefined` without a baseline. */
export const ratioOf = ({ measured, baseline }: Figure): number | undefined =>
  baseline && measured / baseline.measured;

/** Whether the target is met; `undefined` without a target. A figure that could not be measured (NaN) misses it. */
export function isMet(figure: Figure): boolean | undefined {
  const { measured, target } = figure;
  if (!target) return undefined;
  const value = ratioOf(figure) ?? measured;
  return "atMost" in target ? value <= target.atMost : value >= target.atLeast;
}

/** A record with the same names and the values that a function makes of its own. */
export const mapValues = <Name extends string, From, To>(
  record: Readonly<Record<Name, From>>,
  of: (value: From, name: Name) => To,
): Record<Name, To> =>
  Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, of(value as From, name as Name)]),
  ) as Record<Name, To>;

/**
 * Measures every variant in turn, several times over, so that a slow minute of the machine affects all of them.
 * @returns each variant's samples
 */
export async function alternate<Name extends string, Sample>(
  variants: Readonly<Record<Name, () => Sample | Promise<Sample>>>,
  rounds: number,
): Promise<Readonly<Record<Name, readonly Sample[]>>> {
  const samples = mapValues(variants, (): Sample[] => []);
  for (let round = 0; round < rounds; round++)
    for (const name of Object.keys(variants) as Name[]) samples[name].push(await variants[name]());
  return samples;
}

/** Calls a step and returns how long it took, in milliseconds. */
export async function timed(step: () => unknown): Promise<number> {
  const start = performance.now();
  await step();
  return performance.now() - start;
}
