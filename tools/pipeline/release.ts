import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";
import { EXIT, Problem } from "../cli/problem.ts";
import { release, sectionOf, sections } from "./changelog.ts";

const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/;
const CHANGELOG = "CHANGELOG.md";
/** The version stands in package.json, and the lock file repeats it. */
const PACKAGE = "package.json";
const LOCK = "package-lock.json";

const text = (folder: string, file: string) => readFileSync(join(folder, file), "utf8");

export const packageVersion = (folder: string): string =>
  z.object({ version: z.string() }).parse(JSON.parse(text(folder, PACKAGE))).version;

/**
 * The release notes: the changelog's section of the version that `tag` names.
 * @throws Problem where tag, package.json and changelog don't name the same version
 */
export function releaseNotes(folder: string, tag: string): string {
  const version = packageVersion(folder);
  if (tag !== `v${version}`)
    throw new Problem(
      `The tag ${tag} names another version than package.json, which has ${version}: ` +
        `tag the commit that npm run release created, as v${version}.`,
    );
  return sectionOf(text(folder, CHANGELOG), version);
}

/**
 * Writes `version` to package.json, its lock file and the changelog.
 * @returns the files that changed
 * @throws Problem where the version is invalid, or not after the last one; nothing is written then
 */
export function cutRelease(folder: string, version: string, date: string): string[] {
  const now = packageVersion(folder);
  checkVersion(version);
  const changelog = text(folder, CHANGELOG);
  const released = sections(changelog).some((section) => section.version === now);
  if (compareVersions(version, now) < (released ? 1 : 0))
    throw new Problem(`${version} must come after ${now}, the version in package.json.`);
  const files = {
    [CHANGELOG]: release(changelog, version, date),
    [PACKAGE]: withVersion(text(folder, PACKAGE), now, version, 1),
    [LOCK]: withVersion(text(folder, LOCK), now, version, 2),
  };
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
  return Object.keys(files);
}

/** @throws Problem where the version is not in the form of a release */
export function checkVersion(version: string): string {
  if (VERSION.test(version)) return version;
  throw new Problem(`"${version}" is not a version: it must look like 1.4.0.`, "", EXIT.usage);
}

const numbers = (version: string) => version.split(".").map(Number);
function compareVersions(a: string, b: string): number {
  const other = numbers(b);
  return (
    numbers(a)
      .map((n, index) => n - (other[index] ?? 0))
      .find((difference) => difference !== 0) ?? 0
  );
}

/** Replaces the version in its first `times` places, those of the package itself, and leaves the rest of the file. */
function withVersion(json: string, from: string, to: string, times: number): string {
  let left = times;
  return json.replaceAll(`"version": "${from}"`, (found) => (left-- > 0 ? `"version": "${to}"` : found));
}
