import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { InvalidArgumentError } from "@commander-js/extra-typings";
import { createCommand, createSubcommand, main } from "../cli/command.ts";
import { environmentArgument } from "../cli/environment.ts";
import { Problem } from "../cli/problem.ts";
import { changesOf, deviation, pack, unpack } from "./changes.ts";
import { gitHub } from "./github.ts";
import { declaredVariables, terraformVariables } from "./inputs.ts";
import { type Plan, parsePlan } from "./plan.ts";
import { checkVersion, cutRelease, packageVersion, releaseNotes } from "./release.ts";
import { COMMENT_LIMIT, report } from "./report.ts";
import { deviationProblem, publish, reviewedChanges } from "./review.ts";
import { tryTools } from "./try-tools.ts";

/** The limit of a step's summary is 1 MiB; a character takes up to three bytes. */
const SUMMARY_LIMIT = (1024 * 1024) / 3;

/** A variable that the workflow sets. @throws Problem where it is not set */
function variable(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new Problem(
    `The environment variable ${name} is not set.`,
    "The workflows in .github set it; to run the command by hand, set it yourself.",
  );
}

function pullRequestNumber(): number {
  const value = variable("PULL_REQUEST");
  if (/^[1-9]\d{0,9}$/.test(value)) return Number(value);
  throw new Problem(`PULL_REQUEST must be the number of a pull request, and is "${value}".`);
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

/** Passes a value to later steps; it may hold any lines. */
function pass(file: "GITHUB_ENV" | "GITHUB_OUTPUT", name: string, value: string): void {
  const end = `end-${randomUUID()}`;
  appendFileSync(variable(file), `${name}<<${end}\n${value}\n${end}\n`);
}

function readPlan(file: string): Plan {
  let json: string;
  try {
    json = readFileSync(file, "utf8");
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? `${error.message}.` : String(error));
  }
  return parsePlan(json, file);
}

const reportOf = (plan: Plan, environment: string, limit: number) =>
  report(plan, { environment, commit: commit(), runUrl: runUrl(), limit });

function git(...args: string[]): string {
  try {
    return execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
  } catch (error) {
    throw new Problem(error instanceof Error ? error.message.trim() : String(error));
  }
}

const program = createCommand(
  "npm run pipeline --",
  "The steps of the GitHub workflows; docs/pipeline.md explains them.",
).usage("<step> [arguments]");
const command = (name: string, description: string) => createSubcommand(program, name, description);
const planCommand = (name: string, description: string) =>
  command(name, description)
    .addArgument(environmentArgument())
    .argument("<plan.json>", "file that terraform show -json <plan> was written to", readPlan);

command("inputs", "pass INPUTS and IMAGE_TAG to later steps as Terraform variables")
  .addArgument(environmentArgument())
  .action(({ environment }) => {
    const variables = terraformVariables(
      process.env["INPUTS"] ?? "",
      variable("IMAGE_TAG"),
      declaredVariables(environment),
    );
    for (const [name, value] of Object.entries(variables)) pass("GITHUB_ENV", name, value);
    console.log(`Terraform variables: ${Object.keys(variables).join(", ")}`);
  });

planCommand("comment", "show a plan on the pull request PULL_REQUEST").action(
  async ({ environment }, plan) => {
    const text = reportOf(plan, environment, COMMENT_LIMIT);
    await publish(api(), pullRequestNumber(), environment, text);
  },
);

planCommand("show", "show a plan in the run's summary, and pass its changes to later jobs").action(
  ({ environment }, plan) => {
    appendFileSync(variable("GITHUB_STEP_SUMMARY"), `${reportOf(plan, environment, SUMMARY_LIMIT)}\n`);
    pass("GITHUB_OUTPUT", "changes", pack(changesOf(plan)));
  },
);

planCommand(
  "compare",
  "exit with 1 where a plan differs from the reviewed one: REVIEWED, or that of the merged pull request",
).action(async ({ environment }, plan) => {
  const passed = process.env["REVIEWED"];
  const { changes, source } = passed
    ? { changes: unpack(passed), source: "the job that planned" }
    : await reviewedChanges(api(), commit(), variable("GITHUB_REF_NAME"), environment);
  const now = changesOf(plan);
  const different = deviation(changes, now);
  if (different) throw deviationProblem(different, environment, source);
  console.log(`${environment}: the ${now.length} changes are those that ${source} showed.`);
});

command(
  "release-notes",
  "print the changelog's section of a tag, where tag, package.json and changelog agree",
)
  .argument("<tag>", "such as v1.4.0")
  .action((tag) => console.log(releaseNotes(".", tag)));

command("release", "commit a version: package.json, its lock file and the changelog's section")
  .argument("<version>", "such as 1.4.0", checkVersion)
  .action((version) => {
    if (git("status", "--porcelain"))
      throw new Problem("The working tree has changes: commit or stash them.");
    const files = cutRelease(".", version, new Date().toISOString().slice(0, 10));
    git("commit", "--quiet", "--message", `chore(release): ${version}`, "--", ...files);
    console.log(
      `Committed ${version}. Merge it to main by a pull request, wait for its deployment, then:\n` +
        `  git switch main && git pull && git tag v${version} && git push origin v${version}`,
    );
  });

command("try-tools", "start the built MCP server, and call each of its tools")
  .argument("<command...>", "program and arguments that start the server, after --")
  .action(async (words) => {
    const { version, tools } = await tryTools(words);
    const expected = packageVersion(".");
    if (version !== expected)
      throw new Problem(
        `The server is release ${version}, and package.json has ${expected}: build it again.`,
      );
    console.log(`Release ${version} answered: ${tools.join(", ")}.`);
  });

await main(program);
