import { describe, expect, it } from "@jest/globals";
import { alternate, type Benchmark, type Figure, isMet, ratioOf } from "./benchmark.ts";
import { measureAll, record, rows } from "./results.ts";

const absolute: Figure = { label: "start", measured: 200, unit: "ms", target: { atMost: 500 } };
const relative: Figure = {
  label: "insert",
  measured: 30,
  unit: "µs",
  baseline: { label: "without triggers", measured: 20 },
  target: { atMost: 1.5 },
};
const benchmark = (name: string, measure: Benchmark["measure"]): Benchmark => ({
  name,
  description: `measures ${name}`,
  measure,
});
const failing = benchmark("broken", () => Promise.reject(new Error("no such server")));
const working = benchmark("working", async () => [absolute, relative]);

describe("a target", () => {
  it("holds for the measured value of a figure without a baseline", () => {
    expect(isMet(absolute)).toBe(true);
    expect(isMet({ ...absolute, measured: 501 })).toBe(false);
    expect(isMet({ ...absolute, target: { atLeast: 201 } })).toBe(false);
  });

  it("holds for the ratio of a figure with a baseline", () => {
    expect(ratioOf(relative)).toBe(1.5);
    expect(isMet(relative)).toBe(true);
    expect(isMet({ ...relative, measured: 31 })).toBe(false);
    expect(isMet({ ...relative, target: { atLeast: 1.6 } })).toBe(false);
  });

  it("is missed by a figure that could not be measured", () => {
    expect(isMet({ ...absolute, measured: Number.NaN })).toBe(false);
  });

  it("is optional", () => {
    const { target: _, ...figure } = absolute;
    expect(isMet(figure)).toBeUndefined();
  });
});

describe("npm run bench", () => {
  it("measures the other benchmarks when one fails, and reports its error", async () => {
    const progress: string[] = [];
    const results = await measureAll([failing, working], true, (line) => progress.push(line));
    expect(results.map(({ error, figures }) => [error, figures.length])).toEqual([
      ["no such server", 0],
      [undefined, 2],
    ]);
    expect(progress[0]).toBe("[1/2] broken: measures broken");
    expect(progress[1]).toMatch(/failed after \d+ s: no such server$/);
    expect(progress[2]).toBe("[2/2] working: measures working");
  });

  it("tells a benchmark whether to be quick", async () => {
    const seen: boolean[] = [];
    const watching = benchmark("watching", async ({ quick }) => {
      seen.push(quick);
      return [];
    });
    for (const quick of [true, false]) await measureAll([watching], quick, () => {});
    expect(seen).toEqual([true, false]);
  });

  it("derives one table from the figures", async () => {
    expect(rows(await measureAll([working, failing], true, () => {}))).toEqual([
      ["benchmark", "figure", "measured", "baseline", "ratio", "target", "met"],
      ["working", "start", "200 ms", "", "", "at most 500 ms", "yes"],
      ["working", "insert", "30.0 µs", "20.0 µs, without triggers", "1.50", "at most 1.5", "yes"],
      ["broken", "could not be measured: see above"],
    ]);
  });

  it("gives machines the figures with ratio and outcome, and the failures", async () => {
    const { figures, failed } = record(await measureAll([working, failing], true, () => {}));
    expect(figures.map(({ benchmark, ratio, met }) => ({ benchmark, ratio, met }))).toEqual([
      { benchmark: "working", ratio: undefined, met: true },
      { benchmark: "working", ratio: 1.5, met: true },
    ]);
    expect(failed).toEqual([{ benchmark: "broken", error: "no such server" }]);
  });
});

it("variants of a comparison take turns", async () => {
  const order: string[] = [];
  const samples = await alternate({ a: () => order.push("a"), b: () => order.push("b") }, 2);
  expect(order).toEqual(["a", "b", "a", "b"]);
  expect(samples).toEqual({ a: [1, 3], b: [2, 4] });
});
