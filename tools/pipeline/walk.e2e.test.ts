import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "@jest/globals";
import * as z from "zod";
import { describeWith } from "../../test/jest/describe-if.ts";
import { withMessage } from "../../test/jest/with-message.ts";
import { PULL_REQUEST } from "../../test/pipeline/github-server.ts";
import { Rehearsal, type Result } from "../../test/pipeline/rehearsal.ts";
import { LOCK_FILE } from "../terraform/lock.ts";
import { packageVersion } from "./release.ts";

const INPUTS = readFileSync("environments/development.example.tfvars.json", "utf8");
const HEAD = "d".repeat(40);
const LATER_HEAD = "e".repeat(40);
const summary = z.object({ resource_changes: z.array(z.object({ address: z.string() })) });

function succeeded(result: Result): void {
  withMessage(result.stderr + result.stdout, () => expect(result.exitCode).toBe(0));
}

describeWith("terraform", "cdktf")("an environment, from its first pull request on", () => {
  let walk: Rehearsal;
  /** Commits of main. */
  let first: string;
  let released: string;
  /** Terraform's variables, as the step `inputs` passes them. */
  let variables: Record<string, string>;

  beforeAll(async () => {
    walk = await Rehearsal.start();
  });
  afterAll(() => walk?.stop());
  beforeEach(() => walk.reset());

  /** The steps of the action `plan`, from the inputs on. */
  async function plan(commit: string, tags: object, program = "terraform"): Promise<void> {
    const running = await walk.pipeline(["running-images", "development"], commit);
    succeeded(running);
    const inputs = await walk.pipeline(["inputs", "development"], commit, {
      INPUTS,
      IMAGE_TAGS: JSON.stringify(tags),
      RUNNING: running.stdout,
    });
    succeeded(inputs);
    variables = inputs.passed;
    walk.useStateInMemory();
    const folder = "cdktf.out/stacks/development";
    const planning =
      program === "cdktf"
        ? "node tools/run.mjs tools/cdktf/main.ts plan development --skip-synth"
        : `terraform -chdir=${folder} plan -input=false -out=plan`;
    succeeded(
      await walk.shell(
        `${planning}; terraform -chdir=${folder} show -json plan > ${folder}/plan.json`,
        variables,
      ),
    );
  }
  const compare = (commit: string, env: Record<string, string> = {}) =>
    walk.pipeline(["compare", "development", walk.planFile], commit, env);
  const deploy = (...options: string[]) => walk.ops("deploy", variables, "--yes", ...options);

  let tags: { synapse: string; mcp: string };

  it("shows the plan of a pull request, which main's code makes from what the pull request synthesised", async () => {
    succeeded(await walk.shell("npm run --silent synth"));
    const printed = await walk.pipeline(["image-tags"], HEAD);
    tags = JSON.parse(printed.stdout);
    const uploaded = path.join(walk.checkout, "programs/stacks");
    mkdirSync(path.join(uploaded, "stacks/development"), { recursive: true });
    writeFileSync(path.join(uploaded, "image-tags.json"), printed.stdout);
    for (const file of ["cdk.tf.json", LOCK_FILE])
      copyFileSync(path.join(walk.stack, file), path.join(uploaded, "stacks/development", file));

    const admitted = await walk.pipeline(["admit", "development", uploaded], HEAD);
    succeeded(admitted);
    expect(JSON.parse(admitted.passed["tags"] ?? "")).toEqual(tags);
    await plan(HEAD, tags, "cdktf");
    const pulls = [{ number: PULL_REQUEST, head: { sha: HEAD }, base: { ref: "main" } }];
    succeeded(
      await walk.pipeline(["comment", "development", walk.planFile], HEAD, {
        PULL_REQUESTS: JSON.stringify(pulls),
      }),
    );
    expect(walk.github.comments[0]?.body).toMatch(
      /### Plan of `development`: \d+ to add, \d+ outputs to change/,
    );
  });

  it("stops a first deployment whose migration fails, before any service runs", async () => {
    first = walk.merge(HEAD);
    const { stdout } = await compare(first);
    expect(stdout).toMatch(/the \d+ changes are among those that pull request #7 showed/);
    walk.github.deployments.push({ environment: "development", sha: first });
    const good = walk.ecs.run;
    walk.ecs.run = (task) =>
      task.definition.includes("chat-migration") ? { exitCode: 3, lines: ["psql: error"] } : good(task);
    const { exitCode, stderr } = await deploy("--plan-check", walk.planFile);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("phenom-dev-chat-migration failed with exit code 3");
    expect(walk.events).toEqual(["task phenom-dev-synapse-db-setup:1"]);
  });

  it("runs it again: what was applied is no difference, and database and schema come before any service", async () => {
    const whole = summary.parse(JSON.parse(readFileSync(walk.planFile, "utf8"))).resource_changes.length;
    await plan(first, tags);
    const compared = await compare(first);
    succeeded(compared);
    expect(compared.stdout).toContain(
      "Done already: aws_ecs_task_definition.chat_hasura_lite_migration: create",
    );
    const { exitCode, stdout, stderr } = await deploy("--plan-check", walk.planFile);
    withMessage(stderr, () => expect(exitCode).toBe(0));
    expect(stdout).toMatch(/^plan: \d+ to create, 0 to update, 0 to replace, 0 to destroy\n/);
    expect(Number(/^plan: (\d+)/.exec(stdout)?.[1])).toBeLessThan(whole);
    expect(stdout).toContain("deployed development");
    expect(walk.events).toEqual([
      "task phenom-dev-synapse-db-setup:1",
      "task phenom-dev-chat-migration:1",
      "service phenom-dev-chat-mcp:1",
      "service phenom-dev-synapse-admin:1",
      "service phenom-dev-synapse:1",
      "task phenom-dev-chat-bootstrap:1",
      "task phenom-dev-chat-hasura-metadata:1",
      "task phenom-dev-chat-migration:1",
    ]);
    walk.publishState();
  });

  it("cuts a release from a commit whose deployment is green, with the bytes that it deployed", async () => {
    const changelog = path.join(walk.checkout, "CHANGELOG.md");
    const change = "### Security\n\n- A change that only this test knows.\n";
    const text = readFileSync(changelog, "utf8");
    writeFileSync(changelog, text.replace("## [Unreleased]\n", `## [Unreleased]\n\n${change}\n`));
    walk.git("commit", "--quiet", "--all", "--message", "a change");
    const [major = 0, minor = 0] = packageVersion(".").split(".").map(Number);
    const version = `${major}.${minor + 1}.0`;
    succeeded(await walk.pipeline(["release", version], first));
    released = walk.merge(LATER_HEAD);

    walk.github.runs.set(released, "failure");
    expect(await walk.pipeline(["candidate"], released)).toMatchObject({ exitCode: 1 });
    walk.github.runs.set(released, "success");
    succeeded(await walk.pipeline(["candidate"], released));
    const notes = await walk.pipeline(["release-notes", `v${version}`], released);
    expect(notes.stdout).toContain(change.trim());
    const pulled = await walk.pipeline(["pull-images"], released, { IMAGE_TAGS: JSON.stringify(tags) });
    succeeded(pulled);
    const IMAGE_TAGS = pulled.passed["tags"] ?? "";
    succeeded(await walk.pipeline(["name-images", version], released, { IMAGE_TAGS }));
    const digest = JSON.parse(IMAGE_TAGS).mcp.split("@")[1];
    expect(walk.docker()).toContain(
      `docker buildx imagetools create --tag applepublicdotcom/phenom-chat-mcp:${version} applepublicdotcom/phenom-chat-mcp@${digest}`,
    );
  });

  it("deploys what was approved, the migration before the new code, and rolls back when it can't be verified", async () => {
    await plan(released, { ...tags, mcp: `content-${"1".repeat(20)}` });
    const shown = await walk.pipeline(["show", "development", walk.planFile], released);
    walk.github.deployments.push({ environment: "development", sha: released });
    succeeded(await compare(released, { REVIEWED: shown.passed["changes"] ?? "" }));

    const before = walk.definitions();
    const good = walk.ecs.run;
    walk.ecs.run = (task) => (task.command ? { exitCode: 2, lines: ["psql: error"] } : good(task));
    const { exitCode, stdout, stderr } = await deploy("--plan-check", walk.planFile);
    withMessage(stderr, () => expect(exitCode).toBe(10));
    expect(stdout).toMatch(/^FAILED +database schema/m);
    expect(stderr).toContain("the verification failed\nrolled back: the services run ");
    expect(walk.definitions()).toEqual(before);
    // The rooms exist, so bootstrap does not run again.
    expect(walk.events).toEqual([
      "task phenom-dev-synapse-db-setup:1",
      "task phenom-dev-chat-migration:1",
      expect.stringMatching(/^service phenom-dev-chat-mcp:[2-9]/),
      "task phenom-dev-chat-hasura-metadata:1",
    ]);
  });

  it("refuses an old run that is started again", async () => {
    const { exitCode, stderr } = await compare(first);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`${first} is older than ${released}, whose deployment began already`);
  });

  it("stops before any change where the plan would do more than was approved", async () => {
    variables = { ...variables, TF_VAR_synapse_image_tag: `content-${"2".repeat(20)}` };
    const { exitCode, stderr } = await deploy("--plan-check", walk.planFile);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("the plan is no longer what was reviewed; it would also:");
    expect(stderr).toContain("update aws_ecs_service.chat_synapse_homeserver\n");
    expect(walk.events).toEqual([]);
  });

  it("redeploys without any variable: the inputs are those of the last time, the images those that run", async () => {
    walk.publishState();
    const { exitCode, stdout, stderr } = await walk.ops("redeploy", {}, "--yes");
    withMessage(stderr, () => expect(exitCode).toBe(0));
    expect(stderr).toContain(`mcp_image_tag: ${tags.mcp}, as it runs`);
    expect(stdout).toContain("deployed development");
    walk.publishState();
  });

  it("opens an issue where somebody changed AWS by hand", async () => {
    const deployed = await walk.pipeline(["deployed", "development"], released);
    expect(deployed.passed["commit"]).toBe(released);
    walk.changeState((text) => text.replace('"retention_in_days": 30', '"retention_in_days": 7'));
    await plan(released, tags);
    const reported = await walk.pipeline(["drift", "development", walk.planFile], released);
    succeeded(reported);
    expect(walk.github.issues.map(({ title, state }) => `${title}: ${state}`)).toEqual([
      "Drift in development: open",
    ]);
    expect(walk.github.issues[0]?.body).toContain("retention_in_days = 7 → 30");
  });
});
