import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import { execute } from "../../tools/cli/command.ts";
import { Problem } from "../../tools/cli/problem.ts";
import { opsCommand } from "../../tools/ops/run.ts";

const pages = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync("docs").map((file) => path.join("docs", file)),
].filter((file) => file.endsWith(".md"));

/** Values in place of what a reader fills in. */
const filledIn = (command: string) =>
  command
    .replaceAll("<environment>", "development")
    .replaceAll(/<(?:revision|tasks|minutes)>/g, "1")
    .replaceAll("<address>", "ada@example.org")
    .replaceAll("<group>", "support")
    .replaceAll(/<[^>]+>/g, "x")
    .replace(/ +#.*$/, "");

/** Words as a shell splits them. */
const words = (command: string): string[] =>
  [...command.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? "",
  );

/** Commands of the operations that a page shows, in blocks and within text; those that only name a verb are left out. */
const commandsOf = (file: string) =>
  [...readFileSync(file, "utf8").matchAll(/(?:^ {0,7}|`)npm run ops -- ([a-z][^`\n]*)/gm)]
    .map(([, command = ""]) => command.trim())
    .filter((command) => command.includes(" ") && !command.includes("|"));

const commands = pages.flatMap((file) => commandsOf(file).map((command) => [file, command] as const));

describe("a documented command of the operations", () => {
  it("is found on many pages", () => {
    expect(new Set(commands.map(([file]) => file)).size).toBeGreaterThan(4);
    expect(commands.length).toBeGreaterThan(60);
  });

  it.each(commands)("%s: npm run ops -- %s is one that the command line takes", async (_, command) => {
    let ran = false;
    const program = opsCommand({ out: () => {}, err: () => {} }, async () => {
      ran = true;
    });
    const said = await execute(program, words(filledIn(command))).catch((error: unknown) =>
      error instanceof Problem ? error.text : String(error),
    );
    expect([said, ran]).toEqual([0, true]);
  });
});
