import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { opsVerbs } from "../../test/ops/command.ts";
import { EXIT } from "../cli/problem.ts";
import { checks } from "./checks/index.ts";

const page = readFileSync("docs/operations.md", "utf8");
/** First cells of the table below a heading; each may name several things. */
const table = (heading: string): string[] =>
  (page.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| ---"))
    .slice(1)
    .flatMap((line) => (line.split("|")[1] ?? "").split(",").map((cell) => cell.trim().replaceAll("`", "")));

describe("docs/operations.md", () => {
  it("has every verb, and no other", () => {
    const introduction = page.split("\n## ")[0] ?? "";
    const listed = [...introduction.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`([a-z-]+)`/g)].map(([, verb]) => verb),
    );
    expect(listed.sort()).toEqual(Object.keys(opsVerbs).sort());
  });

  it("has every exit code", () => {
    expect(table("Exit codes").map(Number)).toEqual(Object.values(EXIT));
  });

  it("has every check in the order in which they run", () => {
    expect(table("Verify")).toEqual(checks.map(({ name }) => name));
  });

  it("has no option that no verb takes, and every one that all verbs take", () => {
    const taken = Object.values(opsVerbs);
    const own = [...page.matchAll(/`--([a-z-]+)/g)].map(([, option = ""]) => option);
    const known = new Set(["help", "silent", ...taken.flat()]);
    expect(own.filter((option) => !known.has(option))).toEqual([]);
    const common = taken[0]?.filter((option) => taken.every((options) => options.includes(option)));
    expect(own).toEqual(expect.arrayContaining(common ?? []));
  });
});

describe("the verbs", () => {
  it("have a file each", () => {
    for (const name of Object.keys(opsVerbs))
      expect([name, existsSync(`tools/ops/verbs/${name}.ts`)]).toEqual([name, true]);
  });
});
