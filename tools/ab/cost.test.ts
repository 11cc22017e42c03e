import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { production } from "../../environments/production.ts";
import {
  assumptions,
  costPerMillion,
  costTurn,
  type Demand,
  messagesPerSecondOf,
  monthlyCost,
  total,
} from "./cost.ts";
import { prices } from "./prices.ts";

const nothing = { databaseBytes: 0, logBytes: 0, sentBytes: 0, receivedBytes: 0 };
const matrix: Demand = { ...nothing, cpuSeconds: { mcp: 0.01, synapse: 0.05, postgres: 0.02 } };
const hasura: Demand = { ...nothing, cpuSeconds: { mcp: 0.01, graphql: 0.02, postgres: 0.01 } };
const item = (demand: Demand, messages: number, label: RegExp) =>
  monthlyCost(demand, messages).find((each) => label.test(each.label))?.usd ?? Number.NaN;

describe("the monthly cost", () => {
  it("without messages is the cost of the tasks of production, and on A of the media", () => {
    const hours = assumptions.hoursInMonth;
    const mcp = (0.25 * prices.fargateVcpuHour.usd + 0.5 * prices.fargateGbHour.usd) * hours;
    expect(production.services.mcp).toMatchObject({ cpu: 256, memory: 512, minCount: 1 });
    const synapse = (0.5 * prices.fargateVcpuHour.usd + 1 * prices.fargateGbHour.usd) * hours;
    // B's engine is as large as Synapse.
    expect(total(monthlyCost(hasura, 0))).toBeCloseTo(mcp + synapse, 6);
    // Synapse's admin UI has the MCP server's size.
    const media = assumptions.mediaGb * prices.efsGbMonth.usd;
    expect(total(monthlyCost(matrix, 0))).toBeCloseTo(2 * mcp + synapse + media, 6);
  });

  it("includes a second task only when the first exceeds the assumed utilisation", () => {
    const capacity = messagesPerSecondOf("mcp", 0.01) * assumptions.hoursInMonth * 3600;
    expect(capacity).toBeCloseTo(15 * assumptions.hoursInMonth * 3600, 3);
    const idle = item(matrix, 0, /MCP/);
    expect(item(matrix, capacity * 0.999, /MCP/)).toBe(idle);
    expect(item(matrix, capacity * 2, /MCP/)).toBeCloseTo(2 * idle, 6);
  });

  it("includes stored, logged, balanced and transferred bytes at their prices", () => {
    const demand = { ...hasura, databaseBytes: 1000, logBytes: 2000, sentBytes: 100, receivedBytes: 900 };
    expect(item(demand, 1e6, /storage/)).toBeCloseTo((1 / 0.75) * 0.115 * 12, 9);
    expect(item(demand, 1e6, /Logs/)).toBeCloseTo(2 * 0.5, 9);
    expect(item(demand, 1e6, /balancer/)).toBeCloseTo(1 * 0.008, 9);
    expect(item(demand, 1e6, /internet/)).toBeCloseTo(0.9 * 0.09, 9);
    // Ten hours of one of the two virtual CPUs at 60 % utilisation.
    expect(item(demand, 3.6e6, /^RDS, by/)).toBeCloseTo((10 * (0.178 / 2)) / 0.6, 9);
  });
});

describe("the volume at which the cheaper side changes", () => {
  const expensive: Demand = { ...nothing, cpuSeconds: { mcp: 0.01, graphql: 0.5, postgres: 0.01 } };

  it("is where both cost the same", () => {
    const { cheaper, volume = 0 } = costTurn([matrix], [expensive]) ?? {};
    expect(cheaper).toBe("B");
    const [a, b] = [matrix, expensive].map((demand) => total(monthlyCost(demand, volume)));
    expect((a ?? 0) / (b ?? 1)).toBeCloseTo(1, 1);
  });

  it("is none where one side costs less at every volume, or where a side was not measured", () => {
    expect(costTurn([matrix], [hasura])).toEqual({ cheaper: "B", volume: undefined });
    expect(costTurn([], [hasura])).toBeUndefined();
  });
});

it("a million messages cost no more in a month with more messages", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1, max: 1e9 }), (one, other) => {
      const [few, many] = [Math.min(one, other), Math.max(one, other)];
      for (const demand of [matrix, hasura])
        expect(costPerMillion(demand, many)).toBeLessThanOrEqual(costPerMillion(demand, few) * (1 + 1e-9));
    }),
  );
});

it("every price names its publisher, its source and its date", () => {
  for (const price of Object.values(prices)) {
    expect(price.usd).toBeGreaterThan(0);
    expect(new URL(price.published).hostname).toBe("aws.amazon.com");
    expect(new URL(price.readAt).protocol).toBe("https:");
    expect(price.asOf).toMatch(/^20\d\d(-\d\d)?$/);
  }
});
