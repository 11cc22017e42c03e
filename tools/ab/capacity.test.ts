import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { knownCosts, liveSteps } from "../../test/ab/live.ts";
import { limits, loadOf, monthlyUsd, needsOf, reachedAt, sizes, sumUsd } from "./capacity.ts";
import { type Amounts, checksOf, costsOf, operationNames, quantities } from "./costs.ts";
import { deliveryTo } from "./live.ts";
import { readRecord } from "./record.ts";
import type { Run } from "./results.ts";

const run: Run = {
  ...{ side: "A", run: 1, startedAt: "2026-11-26T00:00:00.000Z", load: 0, steps: [] },
  ...{ live: liveSteps(knownCosts, 10), acknowledged: 0, missing: 0 },
};
const each = (amounts: Amounts) => quantities.map((quantity) => amounts[quantity]);

describe("the costs of operations", () => {
  it("are found again in steps that cost exactly them", () => {
    const found = costsOf([run, run], "A");
    for (const name of operationNames)
      for (const [index, value] of each(found?.[name] ?? knownCosts.call).entries())
        expect(value).toBeCloseTo(each(knownCosts[name])[index] ?? Number.NaN, 6);
  });

  it("are checked at two points from which none was taken", () => {
    const checks = checksOf([run], "A");
    expect(checks.map(({ step }) => step)).toEqual([deliveryTo(10), "everything"]);
    for (const { predictedCpuSeconds, measuredCpuSeconds } of checks)
      expect(predictedCpuSeconds / measuredCpuSeconds).toBeCloseTo(1, 6);
  });

  it("are none where nobody waited", () => {
    expect(costsOf([{ ...run, live: null }], "A")).toBeUndefined();
  });
});

describe("the model with the recorded costs", () => {
  it("is within a factor of two of the points that it was not fitted to", async () => {
    const { checks } = await readRecord();
    expect(checks).toHaveLength(4);
    for (const { predictedCpuSeconds, measuredCpuSeconds } of checks) {
      expect(predictedCpuSeconds / measuredCpuSeconds).toBeGreaterThan(0.5);
      expect(predictedCpuSeconds / measuredCpuSeconds).toBeLessThan(2);
    }
  });

  it("needs and costs no less for more people", async () => {
    const { costs } = await readRecord();
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 3e7 }), fc.integer({ min: 1000, max: 3e7 }), (one, other) => {
        const [few, many] = [Math.min(one, other), Math.max(one, other)];
        for (const side of ["A", "B"] as const) {
          const [less, more] = [few, many].map((people) => needsOf(side, costs[side], people));
          if (!less || !more) continue;
          const cpus = ({ databaseCpus: { writer, readers } }: typeof less) => writer + readers;
          expect(cpus(less)).toBeLessThanOrEqual(cpus(more));
          expect(less.storageGb).toBeLessThanOrEqual(more.storageGb);
        }
      }),
    );
  });

  it("reaches each limit at the number of people that it says", async () => {
    const { costs } = await readRecord();
    for (const limit of limits) {
      const people = reachedAt(limit, costs[limit.side]);
      if (people === undefined) continue;
      expect(limit.used(needsOf(limit.side, costs[limit.side], people))).toBeGreaterThanOrEqual(1);
      expect(limit.used(needsOf(limit.side, costs[limit.side], people / 1.02))).toBeLessThan(1.000001);
    }
  });

  it("has a cost for every size", async () => {
    const { costs } = await readRecord();
    for (const side of ["A", "B"] as const)
      for (const people of sizes)
        expect(sumUsd(monthlyUsd(side, needsOf(side, costs[side], people)))).toBeGreaterThan(0);
  });
});

it("everybody in a room gets a message up to its size, and only the room beyond", () => {
  expect(loadOf(1000).receiversPerMessage).toBe(20);
  expect(loadOf(30_000_000).receiversPerMessage).toBe(loadOf(1_000_000).receiversPerMessage);
});
