import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import path from "node:path";
import { InvalidArgumentError } from "@commander-js/extra-typings";
import * as z from "zod";
import { environments } from "../../environments/index.ts";
import { writeBundles } from "../build/bundles.ts";
import { createCommand, createSubcommand, main } from "../cli/command.ts";
import { environmentArgument } from "../cli/environment.ts";
import { Problem } from "../cli/problem.ts";
import { images } from "../images/catalog.ts";
import { contentTag } from "../images/content.ts";
import { lockedProviders, lockOf, updateLock } from "../terraform/lock.ts";
import { type Plan, parsePlan } from "../terraform/plan.ts";
import { checkCandidate } from "./candidate.ts";
import { changesOf, compare, pack, reviewOf, unpack } from "./changes.ts";
import { hasDrifted, markerLength, reportDrift } from "./drift.ts";
import { readFindings, reportFindings } from "./findings.ts";
import { gitHub } from "./github.ts";
import { buildImages, listPackages, nameImages, pullImages, pushImages, referencesOf } from "./images.ts";
import { asRunning, declaredVariables, parseImageTags, terraformVariables } from "./inputs.ts";
import { checkVersion, cutRelease, packageVersion, releaseNotes } from "./release.ts";
import { COMMENT_LIMIT, refusal, report } from "./report.ts";
import { checkedReview, checkReviewed, publish, type Reviewed, reviewedBefore } from "./review.ts";
import { checkNotOlder } from "./stale.ts";
import { admit } from "./untrusted/admit.ts";

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

/** The pull request of `main` whose last commit is COMMIT, of those that GitHub names in the event. */
function pullRequestNumber(): number {
  const known = z
    .array(
      z.object({
        number: z.number(),
        head: z.object({ sha: z.string() }),
        base: z.object({ ref: z.string() }),
      }),
    )
    .parse(JSON.parse(variable("PULL_REQUESTS")));
  const found = known.find(({ head, base }) => head.sha === commit() && base.ref === "main");
  if (found) return found.number;
  throw new Problem(
    `No open pull request to main has ${commit()} as its last commit.`,
    "A newer commit has a run of its own.",
  );
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

function reportOf(plan: Plan, environment: string, limit: number, key?: string): string {
  const pageUrl = process.env["REVIEW_PAGE"];
  return report(plan, {
    ...{ environment, commit: commit(), runUrl: runUrl(), limit },
    ...(key !== undefined && { key }),
    ...(pageUrl && { pageUrl }),
  });
}

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

command("lock-providers", "rewrite each environment's lock file with the newest providers").action(
  async () => {
    for (const { environment } of environments) {
      await updateLock(path.join("cdktf.out/stacks", environment), lockOf(environment));
      const locked = lockedProviders(readFileSync(lockOf(environment), "utf8"));
      for (const [name, { version }] of locked) console.log(`${environment}: ${name} ${version}`);
    }
  },
);

command("image-tags", "print the tags of our images, made from what goes into them, as JSON").action(
  async () => {
    await writeBundles(["programs"]);
    console.log(JSON.stringify({ synapse: contentTag(images.synapse), mcp: contentTag(images.mcp) }));
  },
);

command("build-images", "build our images, and pass their references to later steps").action(async () => {
  await writeBundles(["programs"]);
  for (const [name, reference] of Object.entries(buildImages())) pass("GITHUB_OUTPUT", name, reference);
});

command(
  "push-images",
  "push our images unless the registry has them, and pass their tags with digests",
).action(async () => {
  await writeBundles(["programs"]);
  pass("GITHUB_OUTPUT", "tags", JSON.stringify(pushImages()));
});

command("pull-images", "pull the images of IMAGE_TAGS, and pass their tags with digests").action(() => {
  const tags = pullImages(parseImageTags(variable("IMAGE_TAGS")));
  pass("GITHUB_OUTPUT", "tags", JSON.stringify(tags));
  for (const [name, reference] of Object.entries(referencesOf(tags))) pass("GITHUB_OUTPUT", name, reference);
});

command("list-packages", "write the software bill of materials of the pulled images of IMAGE_TAGS").action(
  async () => listPackages(parseImageTags(variable("IMAGE_TAGS"))),
);

command("released", "pass the version of the newest release, and the tags of its images").action(async () => {
  const version = (await api().newestRelease())?.replace(/^v/, "") ?? "";
  pass("GITHUB_OUTPUT", "version", version);
  pass("GITHUB_OUTPUT", "tags", JSON.stringify({ synapse: version, mcp: version }));
  console.log(version ? `The newest release is ${version}.` : "Nothing was released yet.");
});

command("findings", "open, update or close the issue about vulnerabilities of a release")
  .argument("<version>", "such as 1.4.0", checkVersion)
  .argument("<folder>", "with what the scanners wrote: <image>.trivy.json and <image>.grype.json")
  .action(async (version, folder) => {
    const found = readFindings(folder);
    console.log(`${version}: ${await reportFindings(api(), version, found, runUrl())}.`);
  });

command("name-images", "give the images of IMAGE_TAGS the name of a release in the registry")
  .argument("<version>", "such as 1.4.0", checkVersion)
  .action((version) => nameImages(parseImageTags(variable("IMAGE_TAGS")), version));

command(
  "running-images",
  "print which of our images an environment runs, as JSON; {} before its first deployment",
)
  .addArgument(environmentArgument())
  .action(async (environment) => {
    // Loaded by those who need it: the AWS SDK, and the MCP SDK below, take longer than most steps.
    const { runningImages } = await import("./running.ts");
    console.log(JSON.stringify(await runningImages(environment)));
  });

command("candidate", "exit with 1 where the commit's deployment to development is not green").action(
  async () => {
    await checkCandidate(api(), commit());
    console.log(`${commit()} passed the gate and runs in development.`);
  },
);

command(
  "inputs",
  "pass INPUTS and IMAGE_TAGS to later steps as Terraform variables; RUNNING names images to keep",
)
  .addArgument(environmentArgument())
  .action(({ environment }) => {
    const running = z.record(z.string(), z.string()).parse(JSON.parse(process.env["RUNNING"] || "{}"));
    const variables = terraformVariables(
      process.env["INPUTS"] ?? "",
      asRunning(parseImageTags(variable("IMAGE_TAGS")), running),
      declaredVariables(environment),
    );
    for (const [name, value] of Object.entries(variables)) pass("GITHUB_ENV", name, value);
    console.log(`Terraform variables: ${Object.keys(variables).join(", ")}`);
  });

command(
  "admit",
  "take over a pull request's stack and pass its image tags, or say on it why it can't be planned",
)
  .addArgument(environmentArgument())
  .argument("<folder>", "what synthesis of the pull request wrote: image-tags.json, and the stacks")
  .action(async ({ environment }, folder) => {
    const { objections, tags } = admit(environment, folder);
    if (objections.length === 0) {
      pass("GITHUB_OUTPUT", "tags", JSON.stringify(tags));
      return;
    }
    const props = { environment, commit: commit(), runUrl: runUrl(), key: variable("REVIEW_KEY") };
    await publish(api(), pullRequestNumber(), environment, refusal(objections, props));
    console.log(`${environment} is not planned: ${objections.length} objections, shown on the pull request.`);
  });

command("planned", "set the status of COMMIT that says whether its plans were shown").action(async () => {
  const planned = variable("PLANNED");
  const failed = variable("SYNTHESISED") !== "success" || !["success", "skipped"].includes(planned);
  await api().setStatus(commit(), {
    context: "planned",
    state: failed ? "failure" : "success",
    description: failed
      ? "There is no plan: see the run."
      : planned === "skipped"
        ? "Not planned. After the merge the deployment plans, and waits for an approval."
        : "The plans are shown in comments.",
    target_url: runUrl(),
  });
});

planCommand("comment", "show a plan on the pull request of COMMIT").action(async ({ environment }, plan) => {
  const text = reportOf(plan, environment, COMMENT_LIMIT, variable("REVIEW_KEY"));
  await publish(api(), pullRequestNumber(), environment, text);
});

command("deployed", "pass the commit that an environment was deployed from last to later steps")
  .addArgument(environmentArgument())
  .action(async ({ environment }) => {
    const [commit = ""] = await api().deployedCommits(environment);
    pass("GITHUB_OUTPUT", "commit", commit);
    console.log(
      commit ? `${environment} was deployed from ${commit}.` : `${environment} was never deployed.`,
    );
  });

planCommand(
  "drift",
  "open, update or close the issue that says how an environment differs from its code",
).action(async ({ environment }, plan) => {
  const text = hasDrifted(plan)
    ? report(plan, {
        environment,
        commit: commit(),
        runUrl: runUrl(),
        limit: COMMENT_LIMIT - markerLength(environment),
        title: "Drift of",
      })
    : undefined;
  console.log(`${environment}: ${await reportDrift(api(), environment, text)}.`);
});

planCommand("show", "show a plan in the run's summary, and pass its changes to later jobs").action(
  ({ environment }, plan) => {
    appendFileSync(variable("GITHUB_STEP_SUMMARY"), `${reportOf(plan, environment, SUMMARY_LIMIT)}\n`);
    pass("GITHUB_OUTPUT", "changes", pack(reviewOf(plan, { environment, commit: commit() })));
  },
);

planCommand(
  "compare",
  "exit with 1 where a plan has more than was reviewed: in REVIEWED, or on the merged pull request",
).action(async ({ environment }, plan) => {
  const github = api();
  await checkNotOlder(github, commit(), environment);
  const passed = process.env["REVIEWED"];
  const reviewed: Reviewed = passed
    ? {
        source: "the job that planned",
        review: checkedReview(unpack(passed), commit(), environment, "the job that planned"),
      }
    : await reviewedBefore(
        github,
        commit(),
        variable("GITHUB_REF_NAME"),
        environment,
        variable("REVIEW_KEY"),
      );
  const { source } = reviewed;
  if ("skipped" in reviewed) {
    pass("GITHUB_OUTPUT", "approval", "needed");
    console.log(`${environment}: ${source} shows no plan, so this one needs an approval.`);
    return;
  }
  const comparison = compare(reviewed.review, plan);
  checkReviewed(comparison, environment, source);
  console.log(`${environment}: the ${changesOf(plan).length} changes are among those that ${source} showed.`);
  for (const line of comparison.done) console.log(`Done already: ${line}`);
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
    const { tryTools } = await import("./try-tools.ts");
    const { version, tools } = await tryTools(words);
    const expected = packageVersion(".");
    if (version !== expected)
      throw new Problem(
        `The server is release ${version}, and package.json has ${expected}: build it again.`,
      );
    console.log(`Release ${version} answered: ${tools.join(", ")}.`);
  });

await main(program);
