import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { checks } from "./checks/index.ts";
import { EXIT } from "./problem.ts";
import { commonOptions } from "./verb.ts";
import { verbs } from "./verbs/index.ts";

const page = readFileSync("docs/operations.md", "utf8");
/** First cells of the table below a heading; each may name several things. */
const table = (heading: string): string[] =>
  (page.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| ---"))
    .slice(1)
    .flatMap((line) => (line.split("|")[1] ?? "").split(",").map((cell) => cell.trim().replaceAll("`", "")));

describe("the page of operations", () => {
  it("has every verb, and no other", () => {
    const introduction = page.split("\n## ")[0] ?? "";
    const listed = [...introduction.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`([a-z-]+)`/g)].map(([, verb]) => verb),
    );
    expect(listed.sort()).toEqual(verbs.map(({ name }) => name).sort());
  });

  it("has every exit code", () => {
    expect(table("Exit codes").map(Number)).toEqual(Object.values(EXIT));
  });

  it("has every check in the order in which they run", () => {
    expect(table("Verify")).toEqual(checks.map(({ name }) => name));
  });

  it("has no option that no verb takes, and every one that all take but help", () => {
    const known = new Set([
      ...Object.keys(commonOptions),
      ...verbs.flatMap(({ options = {} }) => Object.keys(options)),
    ]);
    const own = [...page.matchAll(/`--([a-z-]+)/g)].map(([, option = ""]) => option);
    expect(own.filter((option) => !known.has(option))).toEqual(["silent"].filter((o) => own.includes(o)));
    for (const option of Object.keys(commonOptions).filter((name) => name !== "help"))
      expect(own).toContain(option);
  });
});

describe("the verbs", () => {
  it("have a file each", () => {
    for (const { name } of verbs)
      expect([name, existsSync(`tools/ops/verbs/${name}.ts`)]).toEqual([name, true]);
  });
});
