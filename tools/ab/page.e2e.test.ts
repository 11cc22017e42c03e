import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import * as z from "zod";
import { exampleResults } from "../../test/ab/results.ts";
import { brightness, browse, DARK, lookedAt, titleOf } from "../../test/browser.ts";
import { describeWith } from "../../test/jest/describe-if.ts";
import { page } from "./page.ts";

/** Inspects the page from inside and leaves the result in the page's title. */
const look = `
const boxes = (plot) => [...plot.querySelectorAll("text")].map((text) => text.getBoundingClientRect());
const meet = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
const plots = [...document.querySelectorAll("svg.plot")];
const outside = plots.flatMap((plot) => {
  const frame = plot.getBoundingClientRect();
  return [...plot.querySelectorAll("text, circle, path, rect")].map((one) => one.getBoundingClientRect())
    .filter((box) => box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1);
});
const ink = (element, property) => getComputedStyle(element)[property];
document.title = JSON.stringify({
  plots: plots.length,
  overlaps: plots.map((plot) => boxes(plot).flatMap((a, n) => boxes(plot).slice(n + 1).filter((b) => meet(a, b))).length),
  outside: outside.length,
  wider: document.documentElement.scrollWidth - innerWidth,
  ink: ink(document.body, "color"), paper: ink(document.body, "backgroundColor"),
});
`;

const seen = z.object({
  plots: z.number(),
  overlaps: z.array(z.number()),
  outside: z.number(),
  wider: z.number(),
  ink: z.string(),
  paper: z.string(),
});

describeWith("chromium")("the page in a browser", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "phenom-ab-browser-"));
    const results = exampleResults();
    await writeFile(join(folder, "page.html"), page(results));
    await writeFile(join(folder, "looked-at.html"), lookedAt(page(results), look));
    for (const { samples } of results.runs.flatMap(({ steps }) => steps))
      for (const sample of samples) sample[2] *= 40;
    await writeFile(join(folder, "slow.html"), lookedAt(page(results), look));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const lookAt = async (file: string, width: number, ...more: string[]) => {
    return seen.parse(titleOf(await browse(join(folder, file), width, "--dump-dom", ...more)));
  };

  it.each([
    ["looked-at.html", 1200],
    ["looked-at.html", 700],
    ["slow.html", 1200],
  ])("%s fits its window of %d pixels, and no label is cut off or overlaps another", async (file, width) => {
    const { plots, overlaps, outside, wider } = await lookAt(file, width);
    expect(plots).toBe(8);
    expect(overlaps).toEqual(overlaps.map(() => 0));
    expect(outside).toBe(0);
    expect(wider).toBeLessThanOrEqual(0);
  });

  it("is dark on light in the light scheme and light on dark in the dark scheme", async () => {
    const day = await lookAt("looked-at.html", 1200);
    const night = await lookAt("looked-at.html", 1200, DARK);
    expect(brightness(day.ink)).toBeLessThan(brightness(day.paper));
    expect(brightness(night.ink)).toBeGreaterThan(brightness(night.paper));
  });

  it("can be rendered to a picture", async () => {
    const picture = join(folder, "page.png");
    await browse(join(folder, "page.html"), 1200, `--screenshot=${picture}`);
    // An empty page of this size has a few thousand bytes.
    expect((await stat(picture)).size).toBeGreaterThan(50_000);
  });
});
