import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { release, sectionOf, sections } from "./changelog.ts";
import { cutRelease, packageVersion, releaseNotes } from "./release.ts";

const changelog = `# Changelog

The format is [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).

## [Unreleased]

### Added

- Alarms.

## [0.2.0] - 2026-10-02

### Fixed

- Searching for \`## [0.1.0]\` in a line is no heading.

## [0.1.0] - 2026-09-01

- First.
`;

describe("the changelog", () => {
  it("has a section for each version, newest first", () => {
    expect(sections(changelog).map(({ version, date }) => [version, date])).toEqual([
      ["Unreleased", undefined],
      ["0.2.0", "2026-10-02"],
      ["0.1.0", "2026-09-01"],
    ]);
  });

  it("gives a release the text of its section, and nothing of the next one", () => {
    expect(sectionOf(changelog, "0.2.0")).toBe(
      "### Fixed\n\n- Searching for `## [0.1.0]` in a line is no heading.",
    );
    expect(sectionOf(changelog, "0.1.0")).toBe("- First.");
  });

  it.each([
    ["has no section of it", changelog, "0.3.0", "has no section [0.3.0]"],
    ["gives it no date", "## [0.3.0]\n\n- x\n", "0.3.0", "must end in a date"],
    ["says nothing of it", "## [0.3.0] - 2026-01-01\n\n## [0.2.0] - 2025-01-01\n", "0.3.0", "is empty"],
  ])("refuses a version that %s", (_, text, version, message) => {
    expect(() => sectionOf(text, version)).toThrow(message);
  });

  it("turns the unreleased section into a version, and starts a new one", () => {
    const released = release(changelog, "0.3.0", "2026-11-21");
    expect(released).toContain("## [Unreleased]\n\n## [0.3.0] - 2026-11-21\n\n### Added\n\n- Alarms.\n");
    expect(sectionOf(released, "0.3.0")).toBe("### Added\n\n- Alarms.");
    expect(sectionOf(released, "0.2.0")).toBe(sectionOf(changelog, "0.2.0"));
    expect(() => release(released, "0.4.0", "2026-11-22")).toThrow("the section [Unreleased] is empty");
  });

  it("refuses a version that it has", () => {
    expect(() => release(changelog, "0.2.0", "2026-11-21")).toThrow("a section [0.2.0] already");
  });

  it("of this project has that format", () => {
    const own = readFileSync("CHANGELOG.md", "utf8");
    const [first, ...released] = sections(own);
    expect(first?.version).toBe("Unreleased");
    for (const { version } of released) expect(sectionOf(own, version)).not.toBe("");
    expect(own.match(/^## /gm)).toHaveLength(released.length + 1);
  });
});

describe("a release", () => {
  let folder: string;
  const read = (file: string) => readFileSync(path.join(folder, file), "utf8");
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "phenom-chat-release-"));
    for (const file of ["package.json", "package-lock.json"]) copyFileSync(file, path.join(folder, file));
    writeFileSync(path.join(folder, "CHANGELOG.md"), changelog);
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const next = () => packageVersion(".").replace(/\d+$/, (patch) => String(Number(patch) + 1));

  it("changes only the version in package.json and its lock file, and the changelog", () => {
    const version = next();
    cutRelease(folder, version, "2026-11-21");
    expect(packageVersion(folder)).toBe(version);
    for (const file of ["package.json", "package-lock.json"]) {
      const [before, after] = [readFileSync(file, "utf8"), read(file)].map((text) => text.split("\n"));
      const changed = after?.filter((line, i) => line !== before?.[i]).map((line) => line.trim());
      expect(new Set(changed)).toEqual(new Set([`"version": "${version}",`]));
      expect(changed).toHaveLength(file === "package.json" ? 1 : 2);
      expect(after).toHaveLength(before?.length ?? 0);
    }
    expect(releaseNotes(folder, `v${version}`)).toBe("### Added\n\n- Alarms.");
  });

  it.each([
    ["is not a version", "1.2", "must look like 1.4.0"],
    ["has a suffix", "9.0.0-rc.1", "must look like 1.4.0"],
    ["comes before the last", "0.0.9", "must come after"],
  ])("is refused and writes nothing when the version %s", (_, version, message) => {
    expect(() => cutRelease(folder, version, "2026-11-21")).toThrow(message);
    expect(read("package.json")).toBe(readFileSync("package.json", "utf8"));
    expect(read("CHANGELOG.md")).toBe(changelog);
  });

  it("compares numbers, not text", () => {
    cutRelease(folder, "10.0.0", "2026-11-21");
    writeFileSync(
      path.join(folder, "CHANGELOG.md"),
      release(
        read("CHANGELOG.md").replace("## [Unreleased]\n", "## [Unreleased]\n\n- More.\n"),
        "10.0.1",
        "2026-11-22",
      ),
    );
    expect(() => cutRelease(folder, "9.9.9", "2026-11-22")).toThrow("must come after 10.0.0");
  });

  it("is refused when the tag names another version than package.json", () => {
    expect(() => releaseNotes(folder, "v99.0.0")).toThrow(
      "The tag v99.0.0 names another version than package.json",
    );
    expect(() => releaseNotes(folder, packageVersion(folder))).toThrow("names another version");
  });
});

it("the lock file has the version of package.json", () => {
  const version = packageVersion(".");
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
  expect([lock.version, lock.packages[""].version]).toEqual([version, version]);
});
