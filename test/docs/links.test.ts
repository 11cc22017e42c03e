import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";

const git = (...args: string[]) =>
  execFileSync("git", [...args, "-z"], { encoding: "utf8" })
    .split("\0")
    .filter((file) => existsSync(file));
const files = git("ls-files", "--cached", "--others", "--exclude-standard");
const folders = new Set(
  files.flatMap((file) =>
    file.split("/").flatMap((_, depth, parts) => (depth ? [parts.slice(0, depth).join("/")] : [])),
  ),
);
const pages = files.filter((file) => file.endsWith(".md"));

/** A page without its code blocks, whose text links nowhere. */
const prose = (page: string) => readFileSync(page, "utf8").replaceAll(/^ *```.*?^ *```$/gms, "");

/** The anchors that GitHub makes of a page's headings; a repeated heading gets a number. Rows of a table may have one. */
function anchors(page: string): Set<string> {
  const found = new Map<string, number>();
  return new Set([
    ...[...prose(page).matchAll(/<a id="([^"]+)"><\/a>/g)].map(([, id = ""]) => id),
    ...[...prose(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => {
      const anchor = heading
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
        .replaceAll(" ", "-");
      const before = found.get(anchor) ?? 0;
      found.set(anchor, before + 1);
      return before ? `${anchor}-${before}` : anchor;
    }),
  ]);
}

/** Relative targets of links and images, inline and by reference. */
const targets = (page: string): string[] =>
  [...prose(page).matchAll(/\]\(<?([^)>\s]+)>?(?: "[^"]*")?\)|^\[[^\]]+\]: (\S+)/gm)]
    .map(([, inline, reference]) => inline ?? reference ?? "")
    .filter((target) => !/^[a-z]+:/.test(target));

const exists = (target: string) => files.includes(target) || folders.has(target) || target === ".";

/** Folders that commands make. */
const MADE = ["build", "cdktf.out", "dist", "node_modules", ".tools"];

/** Files and folders of the repository that a page names in backticks, without those that hold a placeholder. */
const named = (page: string): string[] =>
  [...prose(page).matchAll(/`((?:[\w.-]+\/)+(?:[\w.-]+\.(?:json|md|mjs|py|sh|sql|ts|ya?ml))?)`/g)]
    .map(([, name = ""]) => name)
    .filter((name) => !MADE.includes(name.split("/")[0] ?? ""));

describe.each(pages)("%s", (page) => {
  it("links to files, folders and headings that exist", () => {
    const broken = targets(page).filter((target) => {
      const [file = "", fragment] = target.split("#");
      const linked = file === "" ? page : path.join(path.dirname(page), decodeURI(file)).replace(/\/$/, "");
      return !exists(linked) || (fragment && !(linked.endsWith(".md") && anchors(linked).has(fragment)));
    });
    expect(broken).toEqual([]);
  });

  it("names only files and folders that exist", () => {
    expect(named(page).filter((name) => !exists(name.replace(/\/$/, "")))).toEqual([]);
  });
});

it("every page of docs/ can be reached from docs/README.md", () => {
  const reached = new Set(["docs/README.md"]);
  for (const page of reached)
    for (const target of targets(page)) {
      const linked = path.join(path.dirname(page), target.split("#")[0] ?? "");
      if (pages.includes(linked)) reached.add(linked);
    }
  expect(pages.filter((page) => page.startsWith("docs/") && !reached.has(page))).toEqual([]);
});
