import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { environments } from "../../environments/index.ts";
import { expectUpToDate } from "../../test/jest/file-snapshot.ts";
import { addressFiles } from "./addresses.ts";
import { DASHBOARD_PICTURE, dashboardPicture } from "./dashboard-picture.ts";
import { modulePages } from "./module-pages.ts";
import { MONITORING_PAGE, monitoringPage } from "./service-levels.ts";
import { COSTS_PAGE, costsPage } from "./standing-costs.ts";

describe("the addresses of every environment", () => {
  // Renaming means destroy and create, so reviewers read this list's diff.
  it.each(environments.flatMap(addressFiles))("match the list %s", async (file, text) => {
    await expectUpToDate(file, text);
  });
});

describe("the README of a module", () => {
  it.each(Object.entries(modulePages()))("%s is up to date: npm run docs", (file, content) => {
    expect(readFileSync(file, "utf8")).toBe(content);
  });
});

it("the page's promises are those that the alarms watch", async () => {
  await expectUpToDate(MONITORING_PAGE, monitoringPage());
});

describe("the costs of platform and chat", () => {
  const page = costsPage();

  it("are those of their synthesised stacks", async () => {
    await expectUpToDate(COSTS_PAGE, page);
  });

  it("are higher in production than in development, whose database is the smallest", () => {
    const names = environments.map(({ environment }) => environment);
    const [row = ""] = /^\| \*\*a month\*\* .*$/m.exec(page) ?? [];
    const sums = [...row.matchAll(/\$([\d.]+)/g)].map(([, sum]) => Number(sum));
    const monthly = (name: string) => sums[names.indexOf(name)] ?? 0;
    const [development, production] = [monthly("development"), monthly("production")];
    expect(development).toBeGreaterThan(100);
    expect(development).toBeLessThan(200);
    expect(production).toBeGreaterThan(2 * development);
  });
});

const picture = dashboardPicture();

/** The state in which the picture shows an alarm; `undefined` if it doesn't. */
const stateOf = (alarm: string) =>
  new RegExp(`<rect class="(\\w+)"[^>]*><text[^>]*>phenom-dev-chat-${alarm}<`).exec(picture)?.[1];

/** What the picture holds from the title of a widget to the next widget. */
const widget = (title: string) => picture.split("\n").find((line) => line.includes(`>${title}<`)) ?? "";

describe("the picture of the dashboard", () => {
  it("shows the dashboard that is synthesised", async () => {
    await expectUpToDate(DASHBOARD_PICTURE, picture);
  });

  it("says itself that its data are made up", () => {
    expect(picture).toMatch(/<text[^>]*>[^<]*made-up data/);
  });

  it("shows the page of what fails in its data, and no other page", () => {
    const pages = ["a-failing", "b-failing", "agents-failing", "platform-failing"];
    expect(pages.map(stateOf)).toEqual(["ALARM", "OK", "OK", "OK"]);
  });

  it("shows the failures on A and none on B", () => {
    const highest = (title: string) =>
      Math.min(
        ...[...widget(title).matchAll(/<path class="line" stroke="#1f77b4" d="([^"]*)"/g)].flatMap(
          ([, path = ""]) => [...path.matchAll(/ ([\d.]+)/g)].map(([, y]) => Number(y)),
        ),
      );
    expect(highest("A: send and read, share that fails")).toBeLessThan(
      highest("B: send and read, share that fails"),
    );
  });

  it("has room for every title, the names of all lines, and the alarms", () => {
    const cut = [...picture.matchAll(/class="(?:title|small)"[^>]*>([^<]*(?:…|more below)[^<]*)</g)];
    expect(cut.map(([, text]) => text)).toEqual([]);
  });
});
