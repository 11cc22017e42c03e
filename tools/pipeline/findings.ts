import { readFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod";
import { Problem } from "../cli/problem.ts";
import { code } from "../docs/markdown.ts";
import { type ImageName, imageNames } from "../images/catalog.ts";
import type { GitHub } from "./github.ts";
import { type IssueChange, keepIssue } from "./issue.ts";
import { cutTo, section } from "./markdown.ts";
import { COMMENT_LIMIT } from "./report.ts";

/** A serious vulnerability that an update closes. */
export interface Finding {
  readonly image: ImageName;
  /** Such as `CVE-2026-33634`. */
  readonly id: string;
  readonly severity: string;
  /** Package or runtime, with its version. */
  readonly what: string;
  readonly fixedIn: string;
}

const SERIOUS = ["HIGH", "CRITICAL"];

const trivy = z.object({
  Results: z
    .array(
      z.object({
        Vulnerabilities: z
          .array(
            z.object({
              VulnerabilityID: z.string(),
              PkgName: z.string(),
              InstalledVersion: z.string(),
              FixedVersion: z.string().default(""),
              Severity: z.string(),
            }),
          )
          .default([]),
      }),
    )
    .default([]),
});
const grype = z.object({
  matches: z.array(
    z.object({
      vulnerability: z.object({
        id: z.string(),
        severity: z.string().default("Unknown"),
        fix: z.object({ versions: z.array(z.string()).nullish() }).optional(),
      }),
      artifact: z.object({ name: z.string(), version: z.string() }),
    }),
  ),
});

const fromTrivy = (image: ImageName, json: unknown): Finding[] =>
  trivy.parse(json).Results.flatMap(({ Vulnerabilities }) =>
    Vulnerabilities.map((found) => ({
      image,
      id: found.VulnerabilityID,
      severity: found.Severity.toUpperCase(),
      what: `${found.PkgName} ${found.InstalledVersion}`,
      fixedIn: found.FixedVersion,
    })),
  );

const fromGrype = (image: ImageName, json: unknown): Finding[] =>
  grype.parse(json).matches.map(({ vulnerability, artifact }) => ({
    image,
    id: vulnerability.id,
    severity: vulnerability.severity.toUpperCase(),
    what: `${artifact.name} ${artifact.version}`,
    fixedIn: (vulnerability.fix?.versions ?? []).join(", "),
  }));

/**
 * What both scanners found in each image, once where both found it, the most severe first.
 * @throws Problem where a file is missing, or is not what the scanner writes
 */
export function readFindings(folder: string): Finding[] {
  const all = imageNames.flatMap((image) => [
    ...read(path.join(folder, `${image}.trivy.json`), (json) => fromTrivy(image, json)),
    ...read(path.join(folder, `${image}.grype.json`), (json) => fromGrype(image, json)),
  ]);
  const serious = all.filter(({ severity, fixedIn }) => SERIOUS.includes(severity) && fixedIn !== "");
  const once = new Map(serious.map((found) => [`${found.image} ${found.id} ${found.what}`, found]));
  const order = ({ severity, image, what, id }: Finding) =>
    `${SERIOUS.length - SERIOUS.indexOf(severity)} ${image} ${what} ${id}`;
  return [...once.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

function read(file: string, parse: (json: unknown) => Finding[]): Finding[] {
  try {
    return parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new Problem(
      `${file} is not what the scanner writes: ${error instanceof Error ? error.message : error}`,
    );
  }
}

const MARKER = "<!-- phenom-chat vulnerabilities -->";

/** Opens, rewrites or closes the one issue about vulnerabilities of what was released. */
export function reportFindings(
  github: GitHub,
  version: string,
  findings: readonly Finding[],
  runUrl: string,
): Promise<IssueChange> {
  const title = `Vulnerabilities in release ${version}`;
  if (findings.length === 0) return keepIssue(github, { marker: MARKER, title, body: undefined });
  const head = [
    `### ${findings.length} serious ${findings.length === 1 ? "vulnerability" : "vulnerabilities"} in release ${version}`,
    "",
    "An update closes each of them: raise the base image, the package or Node.js, and release.",
    "",
  ];
  const foot = [`<sub>[run](${runUrl})</sub>`];
  const blocks = imageNames.flatMap((image) => {
    const lines = findings
      .filter((found) => found.image === image)
      .map(
        ({ id, severity, what, fixedIn }) =>
          `- **${severity}** ${code(id)}: ${code(what)}, fixed in ${code(fixedIn)}`,
      );
    return lines.length ? [section(image, lines)] : [];
  });
  const room = COMMENT_LIMIT - [MARKER, ...head, ...foot].join("\n").length - 1;
  const body =
    cutTo(blocks, room, (missing) => `${missing} more are in the files of [the run](${runUrl}).`) ?? [];
  return keepIssue(github, { marker: MARKER, title, body: [...head, ...body, ...foot].join("\n") });
}
