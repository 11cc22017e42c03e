import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import * as z from "zod";
import { Problem } from "../local/problem.ts";
import { changesOf, deviation, pack, unpack } from "./changes.ts";
import { gitHub } from "./github.ts";
import { declaredVariables, terraformVariables } from "./inputs.ts";
import { type Plan, parsePlan } from "./plan.ts";
import { cutRelease, packageVersion, releaseNotes } from "./release.ts";
import { COMMENT_LIMIT, report } from "./report.ts";
import { deviationProblem, publish, reviewedChanges } from "./review.ts";
import { tryTools } from "./try-tools.ts";

/** Bytes that GitHub takes in a step's summary; a character has at most three of them here. */
const SUMMARY_LIMIT = (1024 * 1024) / 3;

/** A variable of the workflow. @throws Problem naming it where it is not set */
function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Problem(`The environment variable ${name} is not set: the workflow sets it`);
  return value;
}

const commit = () => process.env["COMMIT"] || variable("GITHUB_SHA");
const runUrl = () =>
  `${variable("GITHUB_SERVER_URL")}/${variable("GITHUB_REPOSITORY")}/actions/runs/${variable("GITHUB_RUN_ID")}`;
const api = () =>
  gitHub({
    apiUrl: variable("GITHUB_API_URL"),
    token: variable("GITHUB_TOKEN"),
    repository: variable("GITHUB_REPOSITORY"),
  });

/** Hands a value to later steps, whatever lines are in it. */
function hand(file: "GITHUB_ENV" | "GITHUB_OUTPUT", name: string, value: string): void {
  const end = `end-${randomUUID()}`;
  appendFileSync(variable(file), `${name}<<${end}\n${value}\n${end}\n`);
}

const readPlan = (file: string) => parsePlan(readFileSync(file, "utf8"), file);
const reportOf = (plan: Plan, environment: string, limit: number) =>
  report(plan, { environment, commit: commit(), runUrl: runUrl(), limit });

interface Verb {
  readonly words: readonly string[];
  readonly does: string;
  run(...words: string[]): Promise<void> | void;
}

const verbs: Readonly<Record<string, Verb>> = {
  inputs: {
    words: ["environment"],
    does: "hands INPUTS and IMAGE_TAG to the next steps as Terraform's variables",
    run(environment) {
      const variables = terraformVariables(
        process.env["INPUTS"] ?? "",
        variable("IMAGE_TAG"),
        declaredVariables(environment),
      );
      for (const [name, value] of Object.entries(variables)) hand("GITHUB_ENV", name, value);
      console.log(`Terraform's variables: ${Object.keys(variables).join(", ")}`);
    },
  },
  comment: {
    words: ["environment", "plan.json"],
    does: "shows a plan on the pull request PULL_REQUEST",
    async run(environment, file) {
      const text = reportOf(readPlan(file), environment, COMMENT_LIMIT);
      await publish(
        api(),
        z.coerce.number().int().positive().parse(variable("PULL_REQUEST")),
        environment,
        text,
      );
    },
  },
  show: {
    words: ["environment", "plan.json"],
    does: "shows a plan in the run's summary, and hands on its changes",
    run(environment, file) {
      const plan = readPlan(file);
      appendFileSync(variable("GITHUB_STEP_SUMMARY"), `${reportOf(plan, environment, SUMMARY_LIMIT)}\n`);
      hand("GITHUB_OUTPUT", "changes", pack(changesOf(plan)));
    },
  },
  compare: {
    words: ["environment", "plan.json"],
    does: "ends with 1 where a plan differs from the reviewed one: REVIEWED, or the merged pull request's",
    async run(environment, file) {
      const handed = process.env["REVIEWED"];
      const { changes, source } = handed
        ? { changes: unpack(handed), source: "the job that planned" }
        : await reviewedChanges(api(), commit(), variable("GITHUB_REF_NAME"), environment).then(
            ({ pullRequest, changes }) => ({ changes, source: `pull request #${pullRequest}` }),
          );
      const now = changesOf(readPlan(file));
      const different = deviation(changes, now);
      if (different) throw deviationProblem(different, environment, source);
      console.log(`${environment}: the ${now.length} changes are those that ${source} showed.`);
    },
  },
  "release-notes": {
    words: ["tag"],
    does: "prints the changelog's section of a tag, where tag, package.json and changelog agree",
    run: (tag) => console.log(releaseNotes(".", tag)),
  },
  release: {
    words: ["version"],
    does: "commits a version: package.json, its lock, the changelog's section",
    run(version) {
      const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8" }).trim();
      if (git("status", "--porcelain"))
        throw new Problem("The working tree has changes: commit them, or put them aside");
      const files = cutRelease(".", version, new Date().toISOString().slice(0, 10));
      git("commit", "--quiet", "--message", `chore(release): ${version}`, "--", ...files);
      console.log(
        `Committed ${version}. Merge it to main by a pull request, wait for its deployment, then:\n` +
          `  git switch main && git pull && git tag v${version} && git push origin v${version}`,
      );
    },
  },
  "try-tools": {
    words: ["command…"],
    does: "starts the built MCP server by a command and calls all its tools",
    async run(...command) {
      const { version, tools } = await tryTools(command);
      const wanted = packageVersion(".");
      if (version !== wanted)
        throw new Problem(`The server is release ${version}, and package.json has ${wanted}: build it anew`);
      console.log(`Release ${version} answered: ${tools.join(", ")}.`);
    },
  },
};

const usage = () =>
  Object.entries(verbs)
    .map(
      ([name, { words, does }]) =>
        `  ${[name, ...words.map((word) => `<${word}>`)].join(" ")}\n      ${does}`,
    )
    .join("\n");

/** @returns the exit code */
async function main(): Promise<number> {
  const { positionals } = parseArgs({ allowPositionals: true, strict: true });
  const [name = "", ...words] = positionals;
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  const enough =
    verb && (verb.words.at(-1)?.endsWith("…") ? words.length > 0 : words.length === verb.words.length);
  if (!verb || !enough) {
    console.error(`Usage: npm run pipeline -- <verb>\n${usage()}`);
    return 2;
  }
  await verb.run(...words);
  return 0;
}

// The PostgreSQL package ends the process with 0 by itself, whatever process.exitCode says.
main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Problem ? error.message : error);
    process.exit(1);
  },
);
