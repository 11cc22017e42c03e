import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";

interface TextFile {
  readonly file: string;
  readonly text: string;
}

/** Every text file that is in the repository or would be added to it. */
const files: readonly TextFile[] = execFileSync(
  "git",
  ["ls-files", "--cached", "--others", "--exclude-standard", "-z"],
  { encoding: "utf8" },
)
  .split("\0")
  .filter((file) => file !== "" && existsSync(file))
  .map((file) => ({ file, text: readFileSync(file, "utf8") }))
  .filter(({ text }) => !text.includes("\0"));

/** Paths that begin with `../`, in code, scripts and links. */
const relativePath = /(?<![\w./%!-])(?:\.\.\/)+[\w.-]+(?:\/[\w.-]+)*/g;

/** Folders that a machine has for its users and for its work. */
const machinePath = /(?<![\w.~)}\]-])\/(?:home|mnt|root|srv|Users|work)\b[\w./-]*/g;

const isTest = (file: string) => file.startsWith("test/") || /\.test\.ts$/.test(file);

/** Where a path leads from the folder of the file that names it; `dist/modules/<name>` is written from `modules/<name>`. */
const targetOf = (file: string, mentioned: string) =>
  path.posix.normalize(path.posix.join(path.posix.dirname(file), mentioned)).replace(/^dist\//, "");

const mentions = (pattern: RegExp) =>
  files.flatMap(({ file, text }) => [...text.matchAll(pattern)].map(([mentioned]) => ({ file, mentioned })));

const told = (found: readonly { readonly file: string; readonly mentioned: string }[]) =>
  found.map(({ file, mentioned }) => `${file} names ${mentioned}`);

describe("the repository", () => {
  it("names no relative path that leaves it", () => {
    const leaving = mentions(relativePath).filter(({ file, mentioned }) =>
      targetOf(file, mentioned).startsWith(".."),
    );
    expect(told(leaving)).toEqual([]);
  });

  it("names only relative paths that exist, so that none is meant to start from another folder", () => {
    // In tests a path may also be the input of what is tested, unless it ends as a file does.
    const missing = mentions(relativePath).filter(
      ({ file, mentioned }) =>
        (!isTest(file) || /\.\w+$/.test(mentioned)) && !existsSync(targetOf(file, mentioned)),
    );
    expect(told(missing)).toEqual([]);
  });

  it("names no folder of the machine that it was written on", () => {
    expect(told(mentions(machinePath))).toEqual([]);
  });
});
