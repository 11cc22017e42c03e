import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import * as z from "zod";
import { environments } from "../../environments/index.ts";
import { DEPLOY_SECONDS } from "../../stacks/pipeline/stack.ts";
import { itWith } from "../../test/jest/describe-if.ts";
import { withMessage } from "../../test/jest/with-message.ts";
import { imageNames, images } from "../images/catalog.ts";

const ACTIONLINT = process.env["ACTIONLINT"] ?? ".tools/actionlint/actionlint";
const SHELLCHECK = process.env["SHELLCHECK"] ?? ".tools/shellcheck/bin/shellcheck";

const step = z.object({
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).default({}),
});
const job = z.object({
  permissions: z.record(z.string(), z.string()),
  environment: z.string().optional(),
  needs: z
    .union([z.string(), z.array(z.string())])
    .transform((names) => [names].flat())
    .default([]),
  uses: z.string().optional(),
  "timeout-minutes": z.number().optional(),
  strategy: z.object({ matrix: z.record(z.string(), z.unknown()) }).optional(),
  steps: z.array(step).default([]),
});
const workflow = z.object({
  permissions: z.record(z.string(), z.string()),
  concurrency: z
    .strictObject({
      group: z.string(),
      "cancel-in-progress": z.boolean(),
      queue: z.enum(["single", "max"]).optional(),
    })
    .refine((value) => value.queue !== "max" || !value["cancel-in-progress"], "GitHub refuses both together")
    .optional(),
  jobs: z.record(z.string(), job),
});

const folder = ".github/workflows";
const files = [
  ...readdirSync(folder).map((file) => path.join(folder, file)),
  ...readdirSync(".github/actions").map((name) => `.github/actions/${name}/action.yml`),
];
const workflows = Object.fromEntries(
  readdirSync(folder).map((file) => [
    path.parse(file).name,
    workflow.parse(parse(readFileSync(path.join(folder, file), "utf8"))),
  ]),
);
const jobs = Object.entries(workflows).flatMap(([name, { jobs }]) =>
  Object.entries(jobs).map(([id, each]) => ({ ...each, name: `${name}: ${id}` })),
);

itWith("actionlint", "shellcheck")("actionlint and shellcheck find nothing in the workflows", async () => {
  const result = await promisify(execFile)(ACTIONLINT, ["-no-color", "-shellcheck", SHELLCHECK]).catch(
    ({ stdout, stderr }: { stdout: string; stderr: string }) => ({ stdout, stderr }),
  );
  expect(result.stdout + result.stderr).toBe("");
});

describe("the workflows", () => {
  it.each(
    files,
  )("%s pins every action that is not its own to a commit, with its version beside it", (file) => {
    const used = readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => /^\s*(?:- )?uses:/.test(line) && !line.includes("uses: ./"));
    for (const line of used) expect(line).toMatch(/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it("pin each action to the same commit everywhere", () => {
    const pins = files.flatMap(
      (file) => readFileSync(file, "utf8").match(/[\w-]+\/[\w-]+@[0-9a-f]{40} # \S+/g) ?? [],
    );
    const actions = new Set(pins.map((pin) => pin.split("@")[0]));
    expect(new Set(pins).size).toBe(actions.size);
  });

  it("grant no permission to all jobs at once", () => {
    for (const [name, { permissions }] of Object.entries(workflows))
      expect([name, permissions]).toEqual([name, {}]);
  });

  it("grant each job the permissions that it needs", () => {
    expect(Object.fromEntries(jobs.map(({ name, permissions }) => [name, permissions]))).toEqual({
      "check: check": { contents: "read" },
      "pull-request: check": { contents: "read" },
      "pull-request: plan": { contents: "read", "id-token": "write", "pull-requests": "write" },
      "deploy: check": { contents: "read" },
      "deploy: images": { contents: "read" },
      "deploy: development": { contents: "read", "id-token": "write", "pull-requests": "read" },
      "release: check": { contents: "read" },
      "release: images": { contents: "read" },
      "release: plan": { contents: "read", "id-token": "write" },
      "release: production": { contents: "read", "id-token": "write" },
      "release: release": { contents: "write" },
      "release: version": { contents: "read" },
    });
  });

  it("leave no token in the checkout, and give each job a time limit", () => {
    for (const { name, steps, uses, ...limits } of jobs) {
      if (!uses) withMessage(name, () => expect(limits["timeout-minutes"]).toBeGreaterThan(0));
      for (const each of steps.filter(({ uses }) => uses?.startsWith("actions/checkout@")))
        expect([name, each.with["persist-credentials"]]).toEqual([name, false]);
    }
  });

  it("hold no long-lived key of AWS", () => {
    for (const file of files)
      expect(readFileSync(file, "utf8")).not.toMatch(/aws-(?:access-key-id|secret-access-key)/i);
  });

  it("read secrets from a GitHub environment, which restricts them to branches and tags", () => {
    for (const [name, { jobs }] of Object.entries(workflows))
      for (const [id, each] of Object.entries(jobs))
        if (JSON.stringify(each).includes("id-token"))
          withMessage(`${name}: ${id}`, () =>
            expect(each.environment).toMatch(/^(?:development|production|\$\{\{ matrix\.environment \}\})/),
          );
    const withSecrets = /secrets\.(?!CLOUDFLARE_API_TOKEN|DOCKERHUB_)/;
    for (const file of files) expect(readFileSync(file, "utf8")).not.toMatch(withSecrets);
  });

  it("run one deployment at a time, and drop none that waits", () => {
    for (const name of ["deploy", "release"])
      expect(workflows[name]?.concurrency).toMatchObject({ "cancel-in-progress": false, queue: "max" });
    expect(workflows["deploy"]?.concurrency?.group).not.toBe(workflows["release"]?.concurrency?.group);
  });

  it("compare the plan with the reviewed one before they apply, and verify afterwards", () => {
    for (const [workflow, environment] of [
      ["deploy", "development"],
      ["release", "production"],
    ] as const) {
      const steps = workflows[workflow]?.jobs[environment]?.steps ?? [];
      const at = (text: string) => steps.findIndex(({ run }) => run?.includes(text));
      const order = [
        steps.findIndex(({ uses }) => uses === "./.github/actions/plan"),
        at(`pipeline -- compare ${environment}`),
        at(`ops -- deploy ${environment} --yes`),
        at(`ops -- verify ${environment}`),
      ];
      expect(order).toEqual([...order].sort((a, b) => a - b));
      expect(order).not.toContain(-1);
    }
  });

  it("assume the role for as long as it allows, which is longer than the job's time limit", () => {
    for (const [workflow, environment] of [
      ["deploy", "development"],
      ["release", "production"],
    ] as const) {
      const job = workflows[workflow]?.jobs[environment];
      const plan = job?.steps.find(({ uses }) => uses === "./.github/actions/plan");
      expect(plan?.with["session-seconds"]).toBe(String(DEPLOY_SECONDS));
      expect(Number(job?.["timeout-minutes"]) * 60).toBeLessThan(DEPLOY_SECONDS);
    }
  });

  it("build, deploy and release nothing that has not passed the whole gate", () => {
    expect(workflows["check"]?.jobs["check"]?.steps.map(({ run }) => run)).toContain(".ci/run");
    for (const workflow of ["deploy", "release"]) {
      const all = workflows[workflow]?.jobs ?? {};
      expect(all["check"]).toMatchObject({ uses: "./.github/workflows/check.yml" });
      const passesGate = (id: string): boolean =>
        id === "check" || (all[id]?.needs.some((need) => passesGate(need)) ?? false);
      const changing = Object.entries(all).filter(
        ([, { environment = "", permissions }]) =>
          permissions["contents"] === "write" || (environment !== "" && !environment.endsWith("-plan")),
      );
      expect(changing.length).toBeGreaterThan(1);
      for (const [id] of changing) withMessage(`${workflow}: ${id}`, () => expect(passesGate(id)).toBe(true));
    }
  });

  it("use the region of every environment", () => {
    const action = readFileSync(".github/actions/plan/action.yml", "utf8");
    for (const { region } of environments) expect(action).toContain(`aws-region: ${region}\n`);
  });

  it("scan an image before they push it, and push the server's image after a client has called its tools", () => {
    for (const workflow of ["deploy", "release"]) {
      const steps = workflows[workflow]?.jobs["images"]?.steps ?? [];
      const push = steps.findIndex(({ run }) => run?.includes("docker push"));
      expect(steps.findIndex(({ uses }) => uses === "./.github/actions/scan")).toBeLessThan(push);
      expect(push).toBeGreaterThan(0);
    }
    const steps = workflows["deploy"]?.jobs["images"]?.steps ?? [];
    const [tried, pushed] = ["try-tools", "docker push"].map((text) =>
      steps.findIndex(({ run }) => run?.includes(text)),
    );
    expect(tried).toBeGreaterThan(0);
    expect(tried).toBeLessThan(pushed ?? 0);
  });

  it("push to the repositories that every environment pulls from", () => {
    const matrix = z.object({
      include: z.array(z.object({ image: z.enum(imageNames), repository: z.string() })),
    });
    const { include } = matrix.parse(workflows["deploy"]?.jobs["images"]?.strategy?.matrix);
    const built = include.map(({ repository }) => repository);
    for (const { images } of environments)
      expect([images.synapse.repository, images.mcp.repository]).toEqual(built);
    expect(workflows["release"]?.jobs["images"]?.strategy?.matrix["repository"]).toEqual(built);
    for (const { image, repository } of include) expect(repository).toBe(images[image].repository);
  });

  it("plan every environment on a pull request", () => {
    expect(workflows["pull-request"]?.jobs["plan"]?.strategy?.matrix["environment"]).toEqual(
      environments.map(({ environment }) => environment),
    );
  });

  it("run commands that package.json has", () => {
    const { scripts } = z
      .object({ scripts: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync("package.json", "utf8")));
    const text = files.map((file) => readFileSync(file, "utf8")).join("\n");
    const called = [...text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, name]) => name);
    // operations come with their own command line
    expect(Object.keys(scripts)).toEqual(
      expect.arrayContaining([...new Set(called)].filter((name) => name !== "ops")),
    );
  });
});
