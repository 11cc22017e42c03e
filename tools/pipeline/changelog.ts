import { Problem } from "../cli/problem.ts";

const UNRELEASED = "Unreleased";
const HEADING = /^## \[([^\]]+)\](?: - (\d{4}-\d\d-\d\d))?[ \t]*$/gm;

interface Section {
  readonly version: string;
  readonly date: string | undefined;
  /** Index of the heading. */
  readonly start: number;
  readonly body: string;
}

/** The sections of a changelog in the format of Keep a Changelog, newest first. */
export function sections(changelog: string): Section[] {
  const headings = [...changelog.matchAll(HEADING)];
  return headings.map((heading, index) => ({
    version: heading[1] ?? "",
    date: heading[2],
    start: heading.index,
    body: changelog.slice(heading.index + heading[0].length, headings[index + 1]?.index).trim(),
  }));
}

/** The text of a version's section. @throws Problem where it is missing or empty, or has no date */
export function sectionOf(changelog: string, version: string): string {
  const section = sections(changelog).find((each) => each.version === version);
  if (!section)
    throw new Problem(
      `CHANGELOG.md has no section [${version}]: create it with npm run release -- ${version}.`,
    );
  if (!section.date)
    throw new Problem(
      `CHANGELOG.md: the heading of [${version}] must end in a date: ## [${version}] - 2026-01-31`,
    );
  if (!section.body) throw new Problem(`CHANGELOG.md: the section [${version}] is empty.`);
  return section.body;
}

/**
 * The changelog with the unreleased section turned into the section of `version`.
 * @throws Problem where nothing is unreleased, or the version has a section already
 */
export function release(changelog: string, version: string, date: string): string {
  const all = sections(changelog);
  const unreleased = all.find((section) => section.version === UNRELEASED);
  if (!unreleased) throw new Problem(`CHANGELOG.md has no section [${UNRELEASED}].`);
  if (!unreleased.body)
    throw new Problem(`CHANGELOG.md: the section [${UNRELEASED}] is empty, so there is nothing to release.`);
  if (all.some((section) => section.version === version))
    throw new Problem(`CHANGELOG.md has a section [${version}] already: choose the next version.`);
  const heading = `## [${UNRELEASED}]`;
  const end = unreleased.start + heading.length;
  return `${changelog.slice(0, end)}\n\n## [${version}] - ${date}${changelog.slice(end)}`;
}
