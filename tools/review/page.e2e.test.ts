import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import * as z from "zod";
import { brightness, browse, DARK, lookedAt, titleOf } from "../../test/browser.ts";
import { describeWith } from "../../test/jest/describe-if.ts";
import { type PlannedResource, planJson, release } from "../../test/review-plans.ts";
import { page } from "./page.ts";

const many = (count: number): PlannedResource[] =>
  Array.from({ length: count }, (_, n) => ({
    address: `aws_sns_topic.t${n}`,
    actions: ["update"],
    before: { name: `before-${n}`, tags: { Environment: "development" } },
    after: { name: `after-${n}`, tags: { Environment: "development", Owner: "chat" } },
  }));

/** Uses the page as a reviewer with a keyboard would. */
const look = `
const shown = () => [...document.querySelectorAll("details[data-kind]")].filter(({ hidden }) => !hidden).length;
const key = (name) => dispatchEvent(new KeyboardEvent("keydown", { key: name, cancelable: true }));
const type = (text) => { search.value = text; form.dispatchEvent(new Event("input")); };
const found = { all: shown(), bottom: document.querySelector("section:last-of-type").getBoundingClientRect().bottom };
key("/");
found.focused = document.activeElement === search;
type("after-77 owner");
found.some = shown();
found.said = document.querySelector("output").textContent;
key("Escape");
found.again = shown();
const box = form.querySelector("input[type=checkbox]");
if (box) { box.checked = false; form.dispatchEvent(new Event("input", { bubbles: true })); }
found.unchecked = shown();
found.wider = document.documentElement.scrollWidth - innerWidth;
found.ink = getComputedStyle(document.body).color;
found.paper = getComputedStyle(document.body).backgroundColor;
document.title = JSON.stringify(found);
`;

const seen = z.object({
  all: z.number(),
  bottom: z.number(),
  focused: z.boolean(),
  some: z.number(),
  said: z.string(),
  again: z.number(),
  unchecked: z.number(),
  wider: z.number(),
  ink: z.string(),
  paper: z.string(),
});

describeWith("chromium")("the page for reviewers in a browser", () => {
  let folder: string;
  const file = (name: string) => path.join(folder, `${name}.html`);
  const lookAt = async (name: string, width: number, ...options: string[]) =>
    seen.parse(titleOf(await browse(file(name), width, "--dump-dom", ...options)));
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "phenom-review-"));
    const html = page(planJson(release), "plan", "development");
    await writeFile(file("as-it-is"), html);
    await writeFile(file("release"), lookedAt(html, look));
    await writeFile(file("large"), lookedAt(page(planJson(many(2000)), "plan", "development"), look));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("runs its own script under its policy, which allows no other", async () => {
    const dom = await browse(file("as-it-is"), 1200, "--dump-dom");
    expect(dom).toContain('<form role="search">');
  });

  it.each([
    1200, 600,
  ])("shows a release whole within a window of %d pixels and a screen's height", async (width) => {
    const { bottom, wider, all } = await lookAt("release", width);
    expect(all).toBe(2);
    expect(bottom).toBeLessThan(800);
    expect(wider).toBeLessThanOrEqual(0);
  });

  it("finds one of 2,000 changes by its values, with keys alone", async () => {
    const found = await lookAt("large", 1200);
    expect(found).toMatchObject({
      all: 2000,
      focused: true,
      some: 11,
      said: "11 of 2000",
      again: 2000,
      unchecked: 0,
    });
  });

  it("is dark on light in the light scheme and light on dark in the dark scheme", async () => {
    const day = await lookAt("release", 1200);
    const night = await lookAt("release", 1200, DARK);
    expect(brightness(day.ink)).toBeLessThan(brightness(day.paper));
    expect(brightness(night.ink)).toBeGreaterThan(brightness(night.paper));
  });
});
