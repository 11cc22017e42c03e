import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { RateLimit } from "./rate-limit.ts";

describe("a caller's rate limit", () => {
  it("allows the requests of three seconds at once, then tells how long to wait", () => {
    const limit = new RateLimit(2, () => 0);
    for (let n = 0; n < 6; n++) expect(limit.consume("ann")).toBeUndefined();
    expect(limit.consume("ann")).toBe(500);
  });

  it("is separate for each caller", () => {
    const limit = new RateLimit(1, () => 0);
    for (let n = 0; n < 3; n++) limit.consume("ann");
    expect(limit.consume("ann")).toBe(1000);
    expect(limit.consume("ben")).toBeUndefined();
  });

  it("allows a request after exactly the time that it told, after any history", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 1000, noNaN: true }),
        fc.array(fc.record({ pause: fc.nat(5000), count: fc.integer({ min: 1, max: 20 }) })),
        (perSecond, requests) => {
          let now = 0;
          const limit = new RateLimit(perSecond, () => now);
          for (const { pause, count } of requests) {
            now += pause;
            const wait = limit.consume("ann", count);
            if (wait === undefined) continue;
            expect(wait).toBeGreaterThan(0);
            now += wait;
            expect(limit.consume("ann", count)).toBeUndefined();
          }
        },
      ),
    );
  });

  it("never allows more than the burst and the tokens added since", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2000), { minLength: 1 }), (pauses) => {
        let now = 0;
        let passed = 0;
        const limit = new RateLimit(5, () => now);
        for (const pause of pauses) {
          now += pause;
          if (limit.consume("ann") === undefined) passed++;
        }
        expect(passed).toBeLessThanOrEqual(15 + (now / 1000) * 5);
      }),
    );
  });
});
