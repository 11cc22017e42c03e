import { execFile } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { development } from "../../environments/development.ts";
import { describeWith } from "../../test/jest/describe-if.ts";
import {
  type GitHubServer,
  HEAD,
  MERGED,
  PULL_REQUEST,
  startGitHub,
} from "../../test/pipeline/github-server.ts";
import { type Synthesised, synthesised, TOOL } from "../../test/terraform/offline.ts";
import { parsePlan } from "../terraform/plan.ts";
import type { ValueChange } from "../terraform/plan-json.ts";
import { environmentVariables } from "../terraform/variables.ts";
import { StateStore } from "../terraform-offline/check/state-store.ts";
import { reviewOf, unpack } from "./changes.ts";
import { reviewIn } from "./report.ts";
import { verified } from "./signature.ts";

const run = promisify(execFile);

const REVIEW_KEY = "0123456789abcdef".repeat(4);

/** A tag by the content of an image. */
const CONTENT = "content-12ab";

let stack: Synthesised;

const file = (name: string) => path.join(stack.out, `${name}.json`);

/** Terraform in the stack with an image's tag, as the pipeline runs it. */
const terraform = (imageTag: string, ...commands: string[]) =>
  commands.map(
    (command) =>
      `TF_VAR_mcp_image_tag=${imageTag} TF_VAR_synapse_image_tag=${imageTag} terraform -chdir=${stack.stack} ${command}`,
  );

/** Plans, and writes the plan as JSON to the file of that name. Nothing changes but by these plans. */
const plan = (name: string, options = "", imageTag = name) =>
  terraform(
    imageTag,
    `plan -input=false -refresh=false ${options} -out=${name}`,
    `show -json ${name} > ${file(name)}`,
  );

async function execute(...commands: string[]): Promise<void> {
  const inputs = JSON.parse(readFileSync("environments/development.example.tfvars.json", "utf8"));
  await run(process.execPath, [TOOL, stack.stack, "exec", "--", "sh", "-c", commands.join(" && ")], {
    env: {
      ...process.env,
      ...environmentVariables(inputs),
    },
    maxBuffer: 64 * 1024 * 1024,
  });
}

const parsed = (name: string) => parsePlan(readFileSync(file(name), "utf8"), name);

/** Every text that Terraform marks as sensitive. */
function secretsIn(plan: string): string[] {
  const found: string[] = [];
  const collect = (value: unknown, mark: unknown): void => {
    if (mark === true) {
      if (typeof value === "string" && value.length > 8) found.push(value);
    } else if (typeof mark === "object" && mark !== null)
      for (const [key, inner] of Object.entries(mark))
        collect((value as Record<string, unknown> | null)?.[key], inner);
  };
  for (const { change } of JSON.parse(plan).resource_changes as { change: ValueChange }[]) {
    collect(change.before, change.before_sensitive);
    collect(change.after, change.after_sensitive);
  }
  return found;
}

describeWith("terraform", "cdktf")("the pipeline's commands on plans of the real Terraform", () => {
  let github: GitHubServer;
  let state: StateStore;
  /** A step of a workflow: the project's own command, with what GitHub sets. */
  const pipeline = async (args: string[], env: Record<string, string> = {}) =>
    run(process.execPath, ["tools/run.mjs", "tools/pipeline/main.ts", ...args], {
      env: {
        ...process.env,
        GITHUB_API_URL: github.apiUrl,
        GITHUB_REPOSITORY: github.repository,
        GITHUB_TOKEN: github.token,
        GITHUB_SERVER_URL: "https://github.com",
        GITHUB_RUN_ID: "1",
        GITHUB_SHA: MERGED,
        GITHUB_REF_NAME: "main",
        GITHUB_STEP_SUMMARY: path.join(stack.out, "summary.md"),
        GITHUB_OUTPUT: path.join(stack.out, "output"),
        PULL_REQUESTS: JSON.stringify([
          { number: 8, head: { sha: HEAD }, base: { ref: "next" } },
          { number: PULL_REQUEST, head: { sha: HEAD }, base: { ref: "main" } },
        ]),
        REVIEW_KEY,
        ...env,
      },
    }).then(
      ({ stdout }) => ({ code: 0, output: stdout }),
      ({ code, stderr }: { code: number; stderr: string }) => ({ code, output: stderr }),
    );

  beforeAll(async () => {
    github = await startGitHub();
    stack = synthesised(development);
    state = await StateStore.start();
    state.serve(stack.stack);
    await execute(
      ...terraform("first", "init -input=false"),
      ...plan("first"),
      ...terraform("first", "apply -input=false first"),
      ...plan("reviewed", "", CONTENT),
      ...plan("merged", "", `${CONTENT}@sha256:${"0".repeat(64)}`),
      ...plan("destroyed", "-destroy"),
    );
  }, 300_000);
  afterAll(async () => {
    await github?.stop();
    await state?.stop();
    if (stack) rmSync(stack.out, { recursive: true });
  });

  it("show the first deployment within the length of a comment", async () => {
    expect(await pipeline(["comment", "development", file("first")], { COMMIT: HEAD })).toMatchObject({
      code: 0,
    });
    const [comment] = github.comments;
    expect(comment?.body).toMatch(/^### Plan of `development`: \d{2,} to add, \d+ outputs to change/m);
    expect(comment?.body).toContain("Cut: ");
    expect(unpack(verified(reviewIn(comment?.body ?? "") ?? "", REVIEW_KEY) ?? "")).toEqual(
      reviewOf(parsed("first"), { environment: "development", commit: HEAD }),
    );
  });

  it("show a new image as what it replaces, in the same comment", async () => {
    expect(await pipeline(["comment", "development", file("reviewed")], { COMMIT: HEAD })).toMatchObject({
      code: 0,
    });
    expect(github.comments).toHaveLength(1);
    const { body = "" } = github.comments[0] ?? {};
    expect(body).toContain(
      "- `aws_ecs_task_definition.chat_mcp_server_service_task`: forced by `container_definitions`",
    );
    expect(body).toContain(
      '!   container_definitions.phenom-dev-chat-mcp.image = "applepublicdotcom/phenom-chat-mcp:first" → "applepublicdotcom/phenom-chat-mcp:content-12ab"',
    );
  });

  it("show no value that Terraform marks as sensitive", async () => {
    const secrets = secretsIn(readFileSync(file("destroyed"), "utf8"));
    expect(secrets.length).toBeGreaterThan(3);
    expect(await pipeline(["show", "development", file("destroyed")])).toMatchObject({ code: 0 });
    const shown = readFileSync(path.join(stack.out, "summary.md"), "utf8");
    expect(shown).toContain("client_secret = (sensitive)");
    for (const secret of secrets)
      for (const line of secret.split("\n")) if (line.length > 20) expect(shown).not.toContain(line);
  });

  it("allow what was reviewed, although the image was built and got its digest since", async () => {
    const { code, output } = await pipeline(["compare", "development", file("merged")]);
    expect(output).toMatch(/^development: the \d+ changes are among those that pull request #7 showed\.$/m);
    expect(code).toBe(0);
  });

  it("stop when a planned change was not reviewed, and name it", async () => {
    const synthesised = path.join(stack.stack, "cdk.tf.json");
    const changed = JSON.parse(readFileSync(synthesised, "utf8"));
    Reflect.deleteProperty(changed.resource, "cloudflare_dns_record");
    writeFileSync(synthesised, JSON.stringify(changed));
    await execute(...plan("drifted"));

    const { code, output } = await pipeline(["compare", "development", file("drifted")]);
    expect(code).toBe(1);
    expect(output).toContain("cloudflare_dns_record.dns_record: delete");
    expect(output).toContain("Open a pull request");
  });

  it("pass the changes from the plan to the approved job", async () => {
    const output = path.join(stack.out, "handed");
    expect(await pipeline(["show", "production", file("reviewed")], { GITHUB_OUTPUT: output })).toMatchObject(
      {
        code: 0,
      },
    );
    const [, REVIEWED = ""] = /^changes<<\S+\n(\S+)\n/.exec(readFileSync(output, "utf8")) ?? [];
    expect(await pipeline(["compare", "production", file("reviewed")], { REVIEWED })).toMatchObject({
      code: 0,
    });
    const { code, output: said } = await pipeline(["compare", "production", file("first")], { REVIEWED });
    expect(code).toBe(1);
    expect(said).toContain("production: what would be applied differs from what the job that planned showed");
  });

  it("show nothing on a pull request that has a newer commit", async () => {
    const { code, output } = await pipeline(["comment", "development", file("first")], { COMMIT: MERGED });
    expect(code).toBe(1);
    expect(output).toContain(`No open pull request to main has ${MERGED} as its last commit.`);
  });

  it("say on the commit whether its plans were shown", async () => {
    const status = async (PLANNED: string, SYNTHESISED = "success") => {
      await pipeline(["planned"], { COMMIT: HEAD, PLANNED, SYNTHESISED });
      return github.statuses.get(HEAD)?.at(-1);
    };
    expect(await status("success")).toMatchObject({ context: "planned", state: "success" });
    expect(await status("failure")).toMatchObject({ context: "planned", state: "failure" });
    expect(await status("skipped", "failure")).toMatchObject({ context: "planned", state: "failure" });
    expect(await status("skipped")).toMatchObject({
      state: "success",
      description: "Not planned. After the merge the deployment plans, and waits for an approval.",
    });
  });

  it("show their usage when an argument is missing", async () => {
    const { code, output } = await pipeline(["comment", "development"]);
    expect(code).toBe(2);
    expect(output).toContain("Usage: npm run pipeline -- comment [options] <environment> <plan.json>");
  });
});
