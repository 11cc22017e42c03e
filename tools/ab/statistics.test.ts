import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { median, pairedDifference, percentile, spread } from "./statistics.ts";

const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 60 });

describe("a percentile", () => {
  it("is interpolated between neighbours, as in R and NumPy by default", () => {
    expect(percentile([1, 2, 3, 4], 50)).toBe(2.5);
    expect(percentile([15, 20, 35, 40, 50], 40)).toBe(29);
    expect(percentile([10, 20], 95)).toBe(19.5);
    expect(percentile([7], 99)).toBe(7);
    expect(percentile([], 50)).toBeNaN();
  });

  it("lies within the values, grows with the percentage, and does not depend on the order", () => {
    fc.assert(
      fc.property(numbers, fc.nat(100), fc.nat(100), (values, one, other) => {
        const [low, high] = [
          percentile(values, Math.min(one, other)),
          percentile(values, Math.max(one, other)),
        ];
        expect(low).toBeGreaterThanOrEqual(Math.min(...values));
        expect(high).toBeLessThanOrEqual(Math.max(...values));
        expect(low).toBeLessThanOrEqual(high);
        expect(percentile(values.toReversed(), one)).toBe(percentile(values, one));
      }),
    );
  });
});

describe("a spread", () => {
  it("leaves out runs without a value", () => {
    expect(spread([3, Number.NaN, 1, 2])).toEqual({ median: 2, min: 1, max: 3, runs: 3 });
    expect(spread([Number.NaN])).toBeUndefined();
  });
});

describe("the paired difference", () => {
  it("requires five pairs", () => {
    expect(pairedDifference([1, 2, 3, 4], [1, 1, 1, 1])).toBeUndefined();
    expect(pairedDifference([1, 2, 3, 4, Number.NaN], [1, 1, 1, 1, 1])).toBeUndefined();
    expect(pairedDifference([9, 9, 9, 9, 9], [4, 4, 4, 4, 4])).toEqual({ estimate: 5, low: 5, high: 5 });
  });

  it("has an interval that contains the estimate and lies within the differences", () => {
    const pairs = fc.array(fc.tuple(fc.nat(1000), fc.nat(1000)), { minLength: 5, maxLength: 12 });
    fc.assert(
      fc.property(pairs, (list) => {
        const found = pairedDifference(
          list.map(([a]) => a),
          list.map(([, b]) => b),
        );
        const differences = list.map(([a, b]) => a - b);
        expect(found?.estimate).toBe(median(differences));
        expect(found?.low).toBeLessThanOrEqual(found?.estimate ?? Number.NaN);
        expect(found?.high).toBeGreaterThanOrEqual(found?.estimate ?? Number.NaN);
        expect(found?.low).toBeGreaterThanOrEqual(Math.min(...differences));
        expect(found?.high).toBeLessThanOrEqual(Math.max(...differences));
      }),
      { numRuns: 20 },
    );
  });

  it("has an interval that contains zero if runs favour both sides equally", () => {
    const found = pairedDifference([5, 1, 5, 1, 5, 1], [1, 5, 1, 5, 1, 5]);
    expect(found?.low).toBeLessThan(0);
    expect(found?.high).toBeGreaterThan(0);
  });
});
