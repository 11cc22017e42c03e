import { describe, expect, it } from "@jest/globals";
import { expectUpToDate } from "../../test/jest/file-snapshot.ts";
import { DASHBOARD_PICTURE, dashboardPicture } from "./dashboard-picture.ts";

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
