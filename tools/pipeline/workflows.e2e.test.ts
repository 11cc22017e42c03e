import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { describeWith } from "../../test/jest/describe-if.ts";
import { withMessage } from "../../test/jest/with-message.ts";
import { type Effects, type Run, Workflows } from "../../test/pipeline/act.ts";

const HEAD = "d".repeat(40);

/** Commands of the project that a run called, in order, each with its job; set-up is left out. */
const commands = ({ called }: Run, but = /^npm ci|^action (setup|cache)|^npm run .*(setup --|synth$)/) =>
  called.filter(({ command }) => !but.test(command)).map(({ job, command }) => `${job}: ${command}`);
const called = ({ called }: Run, text: string) => called.filter(({ command }) => command.includes(text));

describeWith("act")("a workflow that act runs", () => {
  let workflows: Workflows;
  beforeAll(() => {
    workflows = new Workflows();
  });
  afterAll(() => workflows?.remove());

  const pushed = (effects: Effects = {}) =>
    workflows.run(
      "deploy",
      "push",
      { ref: "refs/heads/main" },
      {
        "build-images": { outputs: { synapse: "synapse:content-1", mcp: "mcp:content-2" } },
        "push-images": { outputs: { tags: "tags" } },
        "pipeline -- show": { outputs: { changes: "changes" } },
        ...effects,
      },
    );
  const planned = (run: object, effects: Effects = { "pipeline -- admit": { outputs: { tags: "tags" } } }) =>
    workflows.run(
      "plan",
      "workflow_run",
      {
        workflow_run: {
          id: 55,
          event: "pull_request",
          conclusion: "success",
          head_sha: HEAD,
          head_branch: "feature",
          head_repository: { full_name: "Phenom-earth/phenom-chat" },
          pull_requests: [{ number: 7, head: { sha: HEAD }, base: { ref: "main" } }],
          ...run,
        },
      },
      effects,
    );

  it("synthesises a pull request, and gives its code no secret", async () => {
    const run = await workflows.run("synthesise", "pull_request", { number: 7, pull_request: { number: 7 } });
    withMessage(run.output, () => expect(run.succeeded).toBe(true));
    expect(commands(run)).toEqual([
      "synthesise: npm run --silent pipeline -- image-tags",
      expect.stringMatching(/^synthesise: action upload-artifact /),
    ]);
    for (const { env } of run.called) expect(JSON.stringify(env)).not.toContain("secret");
  });

  it("plans a pull request's stack in every environment, with the role only after it was admitted", async () => {
    const run = await planned({});
    withMessage(run.output, () => expect(run.succeeded).toBe(true));
    for (const environment of ["development", "production"]) {
      const own = run.called.filter(
        ({ command }) => command.includes(environment) || command.startsWith("action configure"),
      );
      const order = [
        "admit",
        "action configure",
        "running-images",
        "pipeline -- inputs",
        "cdktf/main.ts plan",
        "show -json",
        "comment",
      ];
      const places = order.map((text) => own.findIndex(({ command }) => command.includes(text)));
      expect(places).not.toContain(-1);
      expect(places[0]).toBeLessThan(places[1] ?? 0);
      expect(places.slice(2)).toEqual(places.slice(2).sort((a, b) => a - b));
    }
    const [comment] = called(run, "pipeline -- comment");
    expect(comment?.env).toMatchObject({
      COMMIT: HEAD,
      GITHUB_TOKEN: "token-of-the-job",
      REVIEW_KEY: "secret-REVIEW_KEY",
      TF_CLI_ARGS_plan: "-lock=false",
    });
    expect(called(run, "pipeline -- planned")[0]?.env).toMatchObject({
      COMMIT: HEAD,
      PLANNED: "success",
      SYNTHESISED: "success",
    });
  });

  it.each([
    ["was refused", {}, {}, "success"],
    ["comes from a fork", { head_repository: { full_name: "ada/phenom-chat" } }, undefined, "skipped"],
    ["could not be planned", {}, { "pipeline -- admit": { exit: 1 } }, "failure"],
  ])("does not plan a stack that %s, and says so on the commit", async (_, event, effects, result) => {
    const run = await planned(event, effects);
    expect(called(run, "cdktf/main.ts plan")).toEqual([]);
    expect(called(run, "action configure-aws-credentials")).toEqual([]);
    const [status] = called(run, "pipeline -- planned");
    expect(status?.env["PLANNED"]).toBe(result);
  });

  it("deploys main: gate, images, plan, comparison, deployment, verification", async () => {
    const run = await pushed();
    withMessage(run.output, () => expect(run.succeeded).toBe(true));
    const [tests, containers, ...rest] = commands(
      run,
      /^npm ci|^action (setup|cache|configure)|^npm run .*(setup --|synth$)/,
    );
    expect([tests, containers].sort()).toEqual(["check: run containers", "check: run tests"]);
    expect(rest).toEqual([
      "images: npm run --silent pipeline -- build-images",
      expect.stringMatching(/^images: action trivy-action .*synapse:content-1/s),
      expect.stringMatching(/^images: action scan-action .*synapse.cdx.json/s),
      expect.stringMatching(/^images: action trivy-action .*mcp:content-2/s),
      expect.stringMatching(/^images: action scan-action .*mcp.cdx.json/s),
      expect.stringMatching(
        /^images: npm run --silent pipeline -- try-tools -- docker run .* mcp:content-2$/,
      ),
      expect.stringMatching(/^images: docker login /),
      "images: npm run --silent pipeline -- push-images",
      "images: docker logout",
      ...planSteps("plan"),
      "plan: npm run --silent pipeline -- show development cdktf.out/stacks/development/plan.json",
      "plan: npm run --silent pipeline -- compare development cdktf.out/stacks/development/plan.json",
      ...planSteps("development"),
      "development: npm run --silent pipeline -- compare development cdktf.out/stacks/development/plan.json",
      "development: node tools/run.mjs tools/ops/main.ts deploy development --yes --plan-check cdktf.out/stacks/development/plan.json",
      "development: npm run ops -- verify development",
    ]);
    const [first, second] = called(run, "pipeline -- compare");
    expect(first?.env["REVIEWED"]).toBeUndefined();
    expect(first?.env["REVIEW_KEY"]).toBe("secret-REVIEW_KEY");
    expect(second?.env["REVIEWED"]).toBe("changes");
    for (const { env } of called(run, "pipeline -- inputs")) expect(env["IMAGE_TAGS"]).toBe("tags");
    // The step's process is Node.js itself, so that it gets the signals of a cancelled job.
    for (const { parent } of [...called(run, "main.ts deploy"), ...called(run, "main.ts plan")])
      expect(parent).toBe("act");
  });

  const planSteps = (job: string) => [
    `${job}: npm run --silent pipeline -- running-images development`,
    `${job}: npm run --silent pipeline -- inputs development`,
    `${job}: node tools/run.mjs tools/cdktf/main.ts plan development --skip-synth`,
    `${job}: terraform -chdir=cdktf.out/stacks/development show -json plan`,
  ];

  it("asks for an approval where the pull request had no plan, and deploys then", async () => {
    const run = await pushed({ "pipeline -- compare": { outputs: { approval: "needed" } } });
    withMessage(run.output, () => expect(run.succeeded).toBe(true));
    expect(run.output).toContain("The plan in the summary of the job plan was approved.");
    expect(called(run, "main.ts deploy")).toHaveLength(1);
  });

  it.each<[string, Effects, string]>([
    ["the gate fails", { "^run tests": { exit: 1 } }, "build-images"],
    ["the scan finds something", { "action scan-action": { exit: 1 } }, "docker login"],
    [
      "the plan was not reviewed, or the run is an old one",
      { "pipeline -- compare": { exit: 1 } },
      "main.ts deploy",
    ],
  ])("stops a deployment when %s", async (_, effects, never) => {
    const run = await pushed(effects);
    expect(run.succeeded).toBe(false);
    expect(called(run, never)).toEqual([]);
    expect(called(run, "main.ts deploy")).toEqual([]);
    if (called(run, "docker login").length) expect(called(run, "docker logout")).toHaveLength(1);
  });

  const tagged = (effects: Effects = {}) =>
    workflows.run(
      "release",
      "push",
      { ref: "refs/tags/v1.2.3" },
      {
        "image-tags": { stdout: "tags" },
        "pull-images": { outputs: { tags: "digests", synapse: "synapse@sha256:1", mcp: "mcp@sha256:2" } },
        "pipeline -- show": { outputs: { changes: "changes" } },
        "gh release view": { exit: 1 },
        ...effects,
      },
    );

  it("releases a tag: candidate, scan, plan, production, and only then names", async () => {
    const run = await tagged();
    withMessage(run.output, () => expect(run.succeeded).toBe(true));
    const order = [
      "release-notes v1.2.3",
      "pipeline -- candidate",
      "pull-images",
      "action trivy-action",
      "pipeline -- show production",
      "pipeline -- compare production",
      "main.ts deploy production",
      "ops -- verify production",
      "name-images 1.2.3",
      "gh release create v1.2.3",
    ].map((text) => run.called.findIndex(({ command }) => command.includes(text)));
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(called(run, "name-images")[0]?.env["IMAGE_TAGS"]).toBe("digests");
    expect(called(run, "pipeline -- compare")[0]?.env["REVIEWED"]).toBe("changes");
  });

  it.each<[string, Effects]>([
    ["its commit is not green", { "pipeline -- candidate": { exit: 1 } }],
    ["the deployment fails", { "main.ts deploy": { exit: 10 } }],
  ])("names and publishes nothing of a release when %s", async (_, effects) => {
    const run = await tagged(effects);
    expect(run.succeeded).toBe(false);
    expect(called(run, "name-images")).toEqual([]);
    expect(called(run, "gh release create")).toEqual([]);
  });

  it("scans the images of the newest release again, logged out, and reports from another job", async () => {
    const scan = (version: string) =>
      workflows.run(
        "scan",
        "workflow_dispatch",
        {},
        {
          "pipeline -- released": { outputs: { version, tags: "tags" } },
          "pull-images": { outputs: { tags: "digests", synapse: "synapse@sha256:1", mcp: "mcp@sha256:2" } },
        },
      );
    expect(commands(await scan(""))).toEqual(["scan: npm run --silent pipeline -- released"]);
    const run = await scan("1.2.3");
    withMessage(run.output, () => expect(run.succeeded).toBe(true));
    const order = [
      "pull-images",
      "docker logout",
      "list-packages",
      "action trivy",
      "action scan-action",
      "findings 1.2.3",
    ];
    const places = order.map((text) => run.called.findIndex(({ command }) => command.includes(text)));
    expect(places).not.toContain(-1);
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(called(run, "list-packages")[0]?.env["IMAGE_TAGS"]).toBe("digests");
    for (const { command } of called(run, "action trivy")) expect(command).toContain('"exit-code": "0"');
  });

  it("looks for drift with the commit that was deployed, and not before anything was", async () => {
    const drift = (outputs: Record<string, string>) =>
      workflows.run("drift", "workflow_dispatch", {}, { "pipeline -- deployed": { outputs } });
    expect(called(await drift({ commit: "" }), "pipeline -- drift")).toEqual([]);
    const run = await drift({ commit: HEAD });
    withMessage(run.output, () => expect(run.succeeded).toBe(true));
    expect(called(run, "action checkout").map(({ command }) => command.includes(HEAD))).toEqual([true, true]);
    expect(called(run, "pipeline -- drift").map(({ env }) => env["COMMIT"])).toEqual([HEAD, HEAD]);
  });
});
