import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import * as z from "zod";
import { environments } from "../../environments/index.ts";
import { DEPLOY_SECONDS } from "../../environments/pipeline-settings.ts";
import { environmentSchema } from "../../mcp-server/environment.ts";
import { catalog } from "../../mcp-server/tools/catalog.ts";
import { withMessage } from "../../test/jest/with-message.ts";
import { imageNames, images } from "../images/catalog.ts";
import { sbomFile } from "../images/sbom.ts";
import { tools } from "../setup/tools.ts";

const step = z.object({
  if: z.string().optional(),
  uses: z.string().optional(),
  run: z.string().optional(),
  with: z.record(z.string(), z.unknown()).default({}),
});
const job = z.object({
  permissions: z.record(z.string(), z.string()),
  environment: z.string().optional(),
  if: z.string().optional(),
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
  on: z.record(z.string(), z.unknown()),
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
      "synthesise: synthesise": { contents: "read" },
      "plan: plan": { actions: "read", contents: "read", "id-token": "write", "pull-requests": "write" },
      "plan: planned": { contents: "read", statuses: "write" },
      "deploy: check": { contents: "read" },
      "deploy: images": { contents: "read" },
      "deploy: plan": { contents: "read", deployments: "read", "id-token": "write", "pull-requests": "read" },
      "deploy: approval": {},
      "deploy: development": { contents: "read", deployments: "read", "id-token": "write" },
      "scan: scan": { contents: "read" },
      "scan: report": { contents: "read", issues: "write" },
      "random-calls: call": { contents: "read" },
      "providers: lock": { contents: "write", "pull-requests": "write" },
      "drift: plan": { contents: "read", deployments: "read", "id-token": "write", issues: "write" },
      "release: candidate": { actions: "read", contents: "read" },
      "release: images": { contents: "read" },
      "release: plan": { contents: "read", "id-token": "write" },
      "release: production": { contents: "read", deployments: "read", "id-token": "write" },
      "release: name-images": { contents: "read" },
      "release: release": { contents: "write" },
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
            expect(each.environment).toMatch(
              /^(?:development|production|images|\$\{\{ matrix\.environment \}\})/,
            ),
          );
    const withSecrets = /\{\{[^}]*secrets\.(?!CLOUDFLARE_API_TOKEN|DOCKERHUB_|REVIEW_KEY)/;
    for (const file of files) expect(readFileSync(file, "utf8")).not.toMatch(withSecrets);
  });

  it("give nothing to code of a pull request but the right to read the repository", () => {
    const ofPullRequests = Object.entries(workflows).filter(([, { on }]) => "pull_request" in on);
    expect(ofPullRequests.map(([name]) => name).sort()).toEqual(["pull-request", "synthesise"]);
    for (const [name, { jobs }] of ofPullRequests)
      for (const { permissions, environment } of Object.values(jobs))
        expect([name, permissions, environment]).toEqual([name, { contents: "read" }, undefined]);
    for (const name of ["pull-request", "synthesise", "check"])
      expect(readFileSync(path.join(folder, `${name}.yml`), "utf8")).not.toContain("secrets.");
  });

  it("run no code of a pull request where there is a role, and take nothing of it but the checked stack", () => {
    expect(workflows["plan"]?.on).toEqual({
      workflow_run: { workflows: ["synthesise"], types: ["completed"] },
    });
    const plan = workflows["plan"]?.jobs["plan"];
    expect(plan?.if).toContain("github.event.workflow_run.head_repository.full_name == github.repository");
    const steps = plan?.steps ?? [];
    for (const { uses, with: inputs } of steps.filter(({ uses }) => uses?.startsWith("actions/checkout@")))
      expect([uses, inputs["ref"], inputs["repository"]]).toEqual([uses, undefined, undefined]);
    const at = (test: (each: z.output<typeof step>) => boolean) => steps.findIndex(test);
    const order = [
      at(({ uses }) => uses?.startsWith("actions/download-artifact@") ?? false),
      at(({ run }) => run === "npm run --silent synth"),
      at(({ run }) => run?.includes("pipeline -- admit") ?? false),
      at(({ uses }) => uses === "./.github/actions/plan"),
    ];
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).not.toContain(-1);
    // What is downloaded lies outside of the checkout, where nothing runs it.
    expect(steps[order[0] ?? -1]?.with["path"]).toBe("${{ runner.temp }}/stacks");
    for (const { if: condition } of steps.slice((order[2] ?? 0) + 1))
      expect(condition).toBe("steps.admit.outputs.tags != ''");
    expect(steps[order[3] ?? -1]?.with["synthesised"]).toBe("true");
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
        at(`main.ts deploy ${environment} --yes`),
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

  it("deploy nothing that has not passed the whole gate, and release only what runs in development", () => {
    expect(workflows["check"]?.jobs["check"]?.steps.map(({ run }) => run)).toContain('.ci/run "$PART"');
    const gates = { deploy: "check", release: "candidate" } as const;
    for (const [workflow, gate] of Object.entries(gates)) {
      const all = workflows[workflow]?.jobs ?? {};
      const passesGate = (id: string): boolean =>
        id === gate || (all[id]?.needs.some((need) => passesGate(need)) ?? false);
      for (const id of Object.keys(all))
        withMessage(`${workflow}: ${id}`, () => expect(passesGate(id)).toBe(true));
    }
    expect(workflows["deploy"]?.jobs["check"]).toMatchObject({ uses: "./.github/workflows/check.yml" });
    const steps = workflows["release"]?.jobs["candidate"]?.steps ?? [];
    expect(steps.map(({ run }) => run)).toContain("npm run --silent pipeline -- candidate");
  });

  it("push and name nothing of a release before production was approved and runs it", () => {
    const jobs = Object.entries(workflows["release"]?.jobs ?? {});
    const writing = jobs.filter(([, { environment }]) => environment === "images").map(([id]) => id);
    expect(writing).toEqual(["name-images"]);
    expect(workflows["release"]?.jobs["name-images"]?.needs).toContain("production");
    expect(workflows["release"]?.jobs["production"]?.environment).toBe("production");
  });

  it("wait for an approval where a pull request had no plan", () => {
    const { approval, development } = workflows["deploy"]?.jobs ?? {};
    expect(approval).toMatchObject({ needs: ["plan"], environment: "development-approval" });
    expect(development?.needs).toContain("approval");
    expect(development?.if).toContain("needs.approval.result == 'success'");
  });

  it("end as the program that applies, so that it gets the signals of a cancelled job", () => {
    const applying = [
      ...jobs.flatMap(({ steps }) => steps),
      ...z
        .object({ runs: z.object({ steps: z.array(step) }) })
        .parse(parse(readFileSync(".github/actions/plan/action.yml", "utf8"))).runs.steps,
    ].filter(({ run }) => /main\.ts\s+(?:deploy|plan)/.test(run ?? ""));
    expect(applying).toHaveLength(3);
    for (const { run } of applying) expect(run).toMatch(/^exec node tools\/run\.mjs /);
  });

  it("use the region of every environment", () => {
    const action = readFileSync(".github/actions/plan/action.yml", "utf8");
    for (const { region } of environments) expect(action).toContain(`aws-region: ${region}\n`);
  });

  it("scan images and call the server's tools before they log in to push", () => {
    const steps = workflows["deploy"]?.jobs["images"]?.steps ?? [];
    const login = steps.findIndex(({ run }) => run?.includes("docker login"));
    const scans = steps.flatMap(({ uses }, index) => (uses === "./.github/actions/scan" ? [index] : []));
    expect(scans).toHaveLength(imageNames.length);
    expect(Math.max(...scans)).toBeLessThan(login);
    expect(steps.findIndex(({ run }) => run?.includes("try-tools"))).toBeLessThan(login);
    // Nobody else's program runs while the job is logged in.
    expect(steps.slice(login + 1)).toEqual([]);
  });

  it("scan a release with no token of the registry that could write", () => {
    const { environment, steps = [] } = workflows["release"]?.jobs["images"] ?? {};
    expect(environment).toBe("images-read");
    const login = steps.find(({ run }) => run?.includes("docker login"))?.run;
    expect(login).toMatch(/^trap 'docker logout' EXIT\n/);
    expect(steps.filter(({ uses }) => uses === "./.github/actions/scan")).toHaveLength(imageNames.length);
  });

  it("give the scanners the packages in bundles and the runtime, wherever they scan", () => {
    const scans = jobs.flatMap(({ steps }) => steps).filter(({ uses }) => uses === "./.github/actions/scan");
    expect(scans).toHaveLength(3 * imageNames.length);
    const files = imageNames.map(sbomFile);
    for (const scan of scans) expect(files).toContain(scan.with["sbom"]);
  });

  it("push to the repositories that every environment pulls from", () => {
    for (const environment of environments)
      for (const name of imageNames)
        expect(environment.images[name].repository).toBe(images[name].repository);
  });

  it("plan every environment on a pull request", () => {
    expect(workflows["plan"]?.jobs["plan"]?.strategy?.matrix["environment"]).toEqual(
      environments.map(({ environment }) => environment),
    );
  });

  it("look for drift in every environment", () => {
    expect(workflows["drift"]?.jobs["plan"]?.strategy?.matrix["environment"]).toEqual(
      environments.map(({ environment }) => environment),
    );
  });

  it("make random calls of every tool on every backend", () => {
    const { strategy, steps = [] } = workflows["random-calls"]?.jobs["call"] ?? {};
    expect(strategy?.matrix).toEqual({
      backend: expect.arrayContaining(environmentSchema.shape.BACKEND_TYPE.options),
      tool: catalog.map(({ name }) => name),
    });
    expect(steps.at(-1)?.run).toBe('npm test -- "mcp-server/backends/$BACKEND" -t "random calls"');
  });

  it("have Dependabot look at every folder with dependencies that it can read", () => {
    const { updates } = z
      .object({
        updates: z.array(
          z.object({
            "package-ecosystem": z.string(),
            directory: z.string().optional(),
            directories: z.array(z.string()).optional(),
          }),
        ),
      })
      .parse(parse(readFileSync(".github/dependabot.yml", "utf8")));
    const watched = (ecosystem: string) =>
      updates
        .filter((each) => each["package-ecosystem"] === ecosystem)
        .flatMap(({ directory, directories = [] }) => [...directories, ...(directory ? [directory] : [])])
        .sort();
    const foldersOf = (name: string) =>
      execFileSync("git", ["ls-files", `*${name}`], { encoding: "utf8" })
        .trim()
        .split("\n")
        .filter((file) => path.basename(file) === name && !file.includes("/stand-ins/"))
        .map((file) => path.posix.join("/", path.posix.dirname(file)))
        .sort();
    expect(watched("npm")).toEqual(expect.arrayContaining(foldersOf("package-lock.json")));
    expect(watched("docker")).toEqual(expect.arrayContaining(foldersOf("Dockerfile")));
    expect(watched("pip")).toEqual(expect.arrayContaining(foldersOf("requirements.txt")));
    expect(watched("github-actions")).toEqual(["/", "/.github/actions/*"]);
  });

  it("install the same Terraform everywhere, and in the tests", () => {
    const versions = files.flatMap(
      (file) => readFileSync(file, "utf8").match(/terraform_version: .+/g) ?? [],
    );
    expect(new Set(versions)).toEqual(new Set([`terraform_version: "${tools.terraform.version}"`]));
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
