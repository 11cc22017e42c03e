import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { significant, withUnit } from "./format.ts";
import { dotPlot, linearScale, logScale, quantilePlot } from "./plots.ts";

const values = fc.array(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 40 });

describe("a scale", () => {
  it.each([
    ["log", logScale],
    ["linear", linearScale],
  ])("of type %s places values and ticks within its ends and in order", (_, scale) => {
    fc.assert(
      fc.property(values, (list) => {
        const { place, ticks } = scale(list, 100, 500);
        for (const value of [...list, ...ticks]) {
          expect(place(value)).toBeGreaterThanOrEqual(100 - 1e-6);
          expect(place(value)).toBeLessThanOrEqual(500 + 1e-6);
        }
        expect(ticks.length).toBeGreaterThan(1);
        expect(ticks.length).toBeLessThan(13);
        const [least, most] = [Math.min(...list), Math.max(...list)];
        if (least < most) expect(place(least)).toBeLessThanOrEqual(place(most));
      }),
    );
  });
});

const ofA = (values: readonly number[]) => new Map([["A" as const, values]]);

describe("a plot of runs", () => {
  it("has a mark for each run that has a value, and one line at the median", () => {
    const rows = [{ label: "Sending", bySide: ofA([1, 2, 4, Number.NaN]) }];
    const svg = dotPlot({ title: "T", rows, unit: "ms", scale: "log" });
    expect(svg.match(/<circle /g)).toHaveLength(3);
    expect(svg.match(/class="median"/g)).toHaveLength(1);
    const { place } = logScale([1, 2, 4], 220, 720);
    expect(svg).toContain(`class="median" d="M${place(2).toFixed(1)} `);
  });

  it("is empty without values", () => {
    expect(
      dotPlot({ title: "T", rows: [{ label: "x", bySide: ofA([]) }], unit: "ms", scale: "linear" }),
    ).toBe("");
    expect(quantilePlot("T", [{ side: "A", values: [1, 2, 3] }])).toBe("");
  });

  it("escapes markup in a label", () => {
    const rows = [{ label: '<script>"', bySide: ofA([1, 2]) }];
    expect(dotPlot({ title: "T", rows, unit: "ms", scale: "linear" })).not.toContain("<script");
  });
});

it("the plot of percentiles has one rising curve for each run", () => {
  const svg = quantilePlot("T", [
    { side: "A", values: Array.from({ length: 50 }, (_, n) => 50 - n) },
    { side: "B", values: Array.from({ length: 50 }, (_, n) => n + 1) },
  ]);
  const paths = [...svg.matchAll(/class="curve side-[AB]" d="M([^"]*)"/g)].map(([, path = ""]) => path);
  expect(paths).toHaveLength(2);
  expect(paths[0]).toBe(paths[1]);
  const points = (paths[0] ?? "").split("L").map((point) => point.split(" ").map(Number));
  expect(points.length).toBeGreaterThan(40);
  for (const [index, [x = 0, y = 0]] of points.entries()) {
    const [nextX = x, nextY = y] = points[index + 1] ?? [];
    expect(nextX).toBeGreaterThanOrEqual(x);
    expect(nextY).toBeLessThanOrEqual(y);
  }
});

describe("a number", () => {
  it.each([
    [0, "0"],
    [0.01234, "0.0123"],
    [0.5, "0.500"],
    [12.345, "12.3"],
    [99.96, "100.0"],
    [1234.5, "1,235"],
    [-2.345, "\u22122.35"],
  ])("%d is formatted as %s", (value, text) => {
    expect(significant(value)).toBe(text);
  });

  it("is formatted with its unit", () => {
    expect(withUnit(12.345, "usd")).toBe("$12.3");
    expect(withUnit(12.345, "ms")).toBe("12.3\u00a0ms");
  });
});
