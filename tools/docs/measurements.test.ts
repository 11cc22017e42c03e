import { expect, it } from "@jest/globals";
import { expectUpToDate } from "../../test/jest/file-snapshot.ts";
import { assertTrustworthy } from "../bench/measurements.ts";
import { measurements, measurementsPage } from "./measurements.ts";

it("the page of measurements matches what was recorded", async () => {
  await expectUpToDate("docs/measurements.md", await measurementsPage());
});

it("the page shows of each figure its baseline, target and whether it was met", () => {
  const page = measurements({
    speed: {
      date: "2026-01-31",
      node: "v22.21.1",
      cores: 2,
      figures: [
        {
          label: "this server",
          measured: 900,
          unit: "requests/s",
          baseline: { label: "a bare handler", measured: 1000 },
          target: { atLeast: 0.95 },
        },
      ],
    },
  });
  expect(page).toContain("## speed");
  expect(page).toMatch(
    /\| this server \| 900 requests\/s \| 1,000 requests\/s, a bare handler \| 0\.90* \| at least 0\.95 \| no \|/,
  );
});

it("nothing is recorded of a quick run, or on a machine that does something else", () => {
  expect(() => assertTrustworthy(false, [0.4], 2)).not.toThrow();
  expect(() => assertTrustworthy(true, [0.4], 2)).toThrow("figures to be trusted");
  expect(() => assertTrustworthy(false, [7.2], 2)).toThrow("a load of 7.2 on 2 cores");
});
