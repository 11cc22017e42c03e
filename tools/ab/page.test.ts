import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { exampleResults } from "../../test/ab/results.ts";
import { cellsOf } from "../../test/ab/table.ts";
import { page } from "./page.ts";
import { prices } from "./prices.ts";
import { readResults } from "./results.ts";

const results = exampleResults();
const html = page(results);

describe("the page", () => {
  it("loads nothing from elsewhere, and its policy forbids it", () => {
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(html).not.toMatch(/<(script|link|img|iframe|object|embed|video)\b/);
    expect(html).not.toMatch(/\bsrc=|@import|url\(/);
    for (const [, address = ""] of html.matchAll(/href="([^"]*)"/g))
      expect(address).toMatch(/^(#|https:\/\/)/);
  });

  it("has every section, and only numeric figures", () => {
    for (const id of [
      "confidence",
      "findings",
      "criteria",
      "summary",
      "delivery",
      "latency",
      "throughput",
      "resources",
      "cost",
      "capacity",
      "limits",
      "method",
    ])
      expect(html).toContain(`id="${id}"`);
    expect(html).not.toMatch(/NaN|undefined|Infinity|\[object/);
    expect(html.match(/<svg class="plot"/g)).toHaveLength(8);
  });

  it("closes every element that it opens", () => {
    const open: string[] = [];
    for (const [, end, name = "", empty] of html
      .replace(/<style>.*?<\/style>/s, "")
      .matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*?(\/?)>/g)) {
      if (["meta", "br"].includes(name) || empty) continue;
      if (end) expect(open.pop()).toBe(name);
      else open.push(name);
    }
    expect(open).toEqual([]);
  });

  it("shows the range of every figure, and calls a side ahead only beyond it", () => {
    expect(cellsOf(html, "figures", "Sending, median")).toEqual([
      expect.stringMatching(/^[\d.]+ ms \([\d.]+–[\d.]+\)$/),
      expect.stringMatching(/^[\d.]+ ms \([\d.]+–[\d.]+\)$/),
      expect.stringMatching(/^[\d.]+ ms \([\d.]+–[\d.]+\)$/),
      expect.stringMatching(/^[\d.]+ ms \[[\d.]+, [\d.]+\]$/),
      "B ahead",
    ]);
    expect(cellsOf(html, "figures", "Failed operations, open loop")).toEqual([
      ...["0 %", "0 %", "0 %", "0 % [0, 0]", "equal"],
    ]);
  });

  it("names the stand-ins, the workload, the machine and each run", () => {
    for (const { name, ran, standIns } of results.sides)
      for (const text of [name, ran, ...standIns]) expect(html).toContain(text);
    expect(html).toContain("Example CPU, 2 cores, 16 GiB");
    expect(html.match(/<table class="runs">.*?<\/table>/s)?.[0].match(/<tr>/g)).toHaveLength(1 + 15);
  });

  it("says what stood in and what was not measured before any sentence about who is ahead", () => {
    const places = ["Confidence: low", "Not measured at all", "Through the MCP server", "ahead"].map((text) =>
      html.indexOf(text),
    );
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
    expect(html).not.toMatch(/[AB] is better/);
  });

  it("leaves the criteria open that nobody measured", () => {
    expect(html.match(/<td class="open" colspan="2">not measured<\/td>/g)?.length).toBeGreaterThan(8);
  });

  it("shows how long a message takes to waiting apps, in a row of its own for each number of them", () => {
    expect(cellsOf(html, "figures", "Arrival at 100 waiting apps, median").slice(0, 3)).toEqual([
      expect.stringMatching(/^3\d\.\d ms/),
      expect.stringMatching(/^50\d ms/),
      "–",
    ]);
    expect(cellsOf(html, "criteria", "A message arrives at 100 waiting apps")).toHaveLength(3);
  });

  it("computes growth, and shows how far the model is off at two measured points of each side", () => {
    for (const text of ["30 million", "What ends first", "How far the model is off"])
      expect(html).toContain(text);
    expect(html.match(/<th scope="row">[AB]<\/th><td class="number">(10|40)<\/td>/g)).toHaveLength(4);
  });

  it("lists every price with its date and source", () => {
    for (const { what, usd, asOf, readAt } of Object.values(prices)) {
      const row = cellsOf(html, "prices", what);
      expect(row[0]).toBe(`$${usd}`);
      expect(row[2]).toBe(asOf);
      expect(html).toContain(`href="${readAt}"`);
    }
  });

  it("warns of too few runs to decide", () => {
    const few = page(exampleResults(2));
    expect(few).toContain("Fewer than five runs");
    expect(few).not.toContain("ahead, beyond");
    expect(html).not.toContain("Fewer than five runs");
  });

  it("lists failures by operation and code, and escapes markup in results", () => {
    const { runs } = exampleResults();
    for (const sample of runs[0]?.steps[0]?.samples.slice(0, 3) ?? []) sample[3] = "<b>timeout";
    const failed = page(exampleResults(5, { runs }));
    expect(failed).toContain("&#60;b&#62;timeout");
    expect(failed).not.toContain("<b>timeout");
    expect(failed).toContain("Failed operations of all runs");
  });

  it("leaves out what cannot be measured on deployed environments", () => {
    const elsewhere = page(
      exampleResults(5, {
        machine: null,
        runs: results.runs.map((run) => ({
          ...run,
          live: null,
          steps: run.steps.slice(0, 1).map((step) => ({ ...step, used: null })),
        })),
      }),
    );
    expect(elsewhere).toContain("their CPU, memory and\nstorage were not measured");
    expect(elsewhere).toContain("The cost of a message follows from CPU and storage");
    expect(elsewhere).not.toMatch(/NaN|undefined|Infinity/);
  });
});

describe("results", () => {
  it("are read from their file unchanged, and other files are refused by name", async () => {
    const folder = await mkdtemp(join(tmpdir(), "phenom-ab-"));
    const file = join(folder, "results.json");
    await writeFile(file, JSON.stringify(results));
    expect(await readResults(file)).toEqual(results);
    await writeFile(file, JSON.stringify({ ...results, format: 3 }));
    await expect(readResults(file)).rejects.toThrow(
      /results\.json must be a results.json of npm run ab.*format/s,
    );
    await writeFile(file, "<html>");
    await expect(readResults(file)).rejects.toThrow(
      /results\.json must be a results.json of npm run ab.*not JSON/s,
    );
    await expect(readResults(`${file}.missing`)).rejects.toThrow(/results\.json\.missing can't be read/);
    await rm(folder, { recursive: true });
  });
});
