import { cpus } from "node:os";
import { expect, it } from "@jest/globals";
import { expectUpToDate } from "../../test/jest/file-snapshot.ts";
import { assertTrustworthy, busyCores } from "../bench/measurements.ts";
import { abPages } from "./ab.ts";
import { measurements, measurementsPage } from "./measurements.ts";
import { runbook } from "./restore.ts";
import { SCALING_PAGE, scalingPage } from "./scaling.ts";

it("the pages of measurements and of scaling match what was recorded", async () => {
  await expectUpToDate("docs/measurements.md", await measurementsPage());
  await expectUpToDate(SCALING_PAGE, await scalingPage());
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

it("counts the cores in use", async () => {
  const busy = await busyCores();
  expect(busy).toBeGreaterThanOrEqual(0);
  expect(busy).toBeLessThanOrEqual(cpus().length);
});

it("nothing is recorded of a quick run, or on a machine that does something else", () => {
  expect(() => assertTrustworthy(false, 0.4, 2)).not.toThrow();
  expect(() => assertTrustworthy(true, 0.4, 2)).toThrow("figures to be trusted");
  expect(() => assertTrustworthy(false, 1.2, 2)).toThrow("1.2 of 2 cores in use");
});

it("the pages of the comparison, of growth and of restores match what was recorded", async () => {
  for (const [file, content] of Object.entries({ ...(await abPages()), ...(await runbook()) }))
    await expectUpToDate(file, content);
});
