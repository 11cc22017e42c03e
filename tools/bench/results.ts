import { significant } from "../ab/format.ts";
import { Problem } from "../cli/problem.ts";
import { type Benchmark, type Figure, isMet, ratioOf, type Target } from "./benchmark.ts";

/** The result of one benchmark. */
export interface Result {
  readonly name: string;
  readonly figures: readonly Figure[];
  /** Why it could not be measured. */
  readonly error?: string;
}

/** Measures one benchmark after the other; one that fails leaves the others alone. */
export async function measureAll(
  benchmarks: readonly Benchmark[],
  quick: boolean,
  progress: (line: string) => void,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const [index, { name, description, measure }] of benchmarks.entries()) {
    const start = performance.now();
    progress(`[${index + 1}/${benchmarks.length}] ${name}: ${description}`);
    const run = { quick, progress: (line: string) => progress(`  ${line}`) };
    const result = await measure(run).then(
      (figures): Result => ({ name, figures }),
      (error: unknown): Result => ({
        name,
        figures: [],
        error: error instanceof Problem ? error.text.replace("\n", ". ") : describe(error),
      }),
    );
    results.push(result);
    const seconds = ((performance.now() - start) / 1000).toFixed(0);
    progress(
      result.error === undefined ? `  done in ${seconds} s` : `  failed after ${seconds} s: ${result.error}`,
    );
  }
  return results;
}

const describe = (error: unknown) => (error instanceof Error ? error.message : String(error));

const head = ["benchmark", "figure", "measured", "baseline", "ratio", "target", "met"];

/** The table, with its head. */
export const rows = (results: readonly Result[]): string[][] => [
  head,
  ...results.flatMap(({ name, figures, error }) =>
    error === undefined
      ? figures.map((figure) => [name, ...cells(figure)])
      : [[name, "could not be measured: see above"]],
  ),
];

function cells(figure: Figure): string[] {
  const { label, measured, unit, baseline, target } = figure;
  const ratio = ratioOf(figure);
  const met = isMet(figure);
  return [
    label,
    `${significant(measured)} ${unit}`,
    baseline ? `${significant(baseline.measured)} ${unit}, ${baseline.label}` : "",
    ratio === undefined ? "" : significant(ratio),
    target ? targetText(target, ratio === undefined ? ` ${unit}` : "") : "",
    met === undefined ? "" : met ? "yes" : "no",
  ];
}

const targetText = (target: Target, unit: string) =>
  "atMost" in target ? `at most ${target.atMost}${unit}` : `at least ${target.atLeast}${unit}`;

/** The same for machines. */
export const record = (results: readonly Result[]) => ({
  figures: results.flatMap(({ name, figures }) =>
    figures.map((figure) => ({ benchmark: name, ...figure, ratio: ratioOf(figure), met: isMet(figure) })),
  ),
  failed: results.flatMap(({ name, error }) => (error === undefined ? [] : [{ benchmark: name, error }])),
});
