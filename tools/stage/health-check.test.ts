import { describe, expect, it } from "@jest/globals";
import { healthCounter } from "./health-check.ts";

describe("a health check", () => {
  const check = {
    command: ["CMD", "x"] as ["CMD", string],
    interval: 30,
    timeout: 5,
    retries: 3,
    startPeriod: 60,
  };

  it("is healthy after one success", () => {
    expect(healthCounter(check)(true, 0)).toBe("HEALTHY");
  });

  it("is unhealthy after as many failures in a row as it has retries", () => {
    const count = healthCounter(check);
    expect([100, 130, 160].map((second) => count(false, second))).toEqual([
      "UNKNOWN",
      "UNKNOWN",
      "UNHEALTHY",
    ]);
  });

  it("counts no failure in the start period before the first success", () => {
    const count = healthCounter(check);
    expect([10, 20, 30, 40].map((second) => count(false, second))).toEqual(Array(4).fill("UNKNOWN"));
  });

  it("counts failures after a success in the start period", () => {
    const count = healthCounter(check);
    count(true, 1);
    expect([2, 3, 4].map((second) => count(false, second))).toEqual(["HEALTHY", "HEALTHY", "UNHEALTHY"]);
  });

  it("is healthy again after one success", () => {
    const count = healthCounter({ ...check, retries: 1 });
    expect([count(false, 90), count(true, 100)]).toEqual(["UNHEALTHY", "HEALTHY"]);
  });
});
