import { execFile, execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod";
import { development } from "../../environments/development.ts";
import { platformStack, platformState } from "../../environments/stack-names.ts";
import { type AwsServer, startAws } from "../../tools/servers/aws-api.ts";
import { StateStore } from "../../tools/terraform-offline/check/state-store.ts";
import { clone } from "../clone.ts";
import { type Cluster, cluster } from "../ops/ecs.ts";
import { targetHealth } from "../ops/target-health.ts";
import { enforcedRole } from "../terraform/enforced-role.ts";
import { TOOL } from "../terraform/offline.ts";
import { type GitHubServer, startGitHub } from "./github-server.ts";

export interface Result {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const state = z.object({
  resources: z
    .array(
      z.object({
        type: z.string(),
        instances: z.array(z.object({ attributes: z.record(z.string(), z.unknown()) })),
      }),
    )
    .default([]),
  outputs: z.record(z.string(), z.object({ value: z.unknown() })).default({}),
});
const definition = z.object({ arn: z.string(), container_definitions: z.string() });
const service = z.object({ name: z.string(), task_definition: z.string() });
const containers = z.array(z.object({ name: z.string(), image: z.string() })).length(1);
const migrations = z.record(z.string(), z.string());

/** Docker's command line, with a registry that has every image. */
const DOCKER = `#!/bin/sh
echo "docker $*" >> "$(dirname "$0")/docker.log"
case "$*" in *"imagetools inspect"*) echo "sha256:$(printf %s "$*" | sha256sum | cut -c1-64)" ;; esac
`;

/** Checks that need the public name or a load balancer of AWS. */
const SKIPPED = [
  "load-balancer",
  "dns",
  "endpoints",
  "rooms",
  "sign-in",
  "tools",
  "backups",
  "hasura",
].flatMap((name) => ["--skip", name]);

/**
 * A checkout whose development is deployed by the project's own commands: the real Terraform with stand-in providers and its
 * state in memory, a fake of ECS that follows the state, and a stand-in of GitHub.
 */
export class Rehearsal {
  readonly checkout = clone("phenom-chat");
  readonly stack = path.join(this.checkout, "cdktf.out/stacks/development");
  readonly planFile = path.join(this.stack, "plan.json");
  readonly ecs: Cluster = cluster({ services: {}, one_shot_tasks: {} });
  readonly #programs = path.join(this.checkout, "programs");
  readonly aws: AwsServer;
  readonly github: GitHubServer;
  readonly #store: StateStore;
  /** Terraform runs with the rights of the deploying role. */
  readonly #role: Readonly<Record<string, string>>;
  #platform: StateStore | undefined;
  readonly #others: StateStore[] = [];
  /** What happened in ECS, in order. */
  events: string[] = [];

  private constructor(aws: AwsServer, github: GitHubServer, store: StateStore) {
    this.aws = aws;
    this.github = github;
    this.#store = store;
    for (const [name, answer] of Object.entries(this.ecs.answers))
      aws.answers[name] = (input) => {
        this.#follow();
        return answer(input);
      };
    aws.xml["DescribeTargetHealth"] = () => targetHealth;
    mkdirSync(this.#programs);
    writeFileSync(path.join(this.#programs, "docker"), DOCKER);
    chmodSync(path.join(this.#programs, "docker"), 0o755);
    this.#role = enforcedRole(this.#programs, development);
    this.#leaveOutAlarms();
    this.git("init", "--quiet", "--initial-branch=main");
    writeFileSync(path.join(this.checkout, ".git/info/exclude"), "node_modules\n.tools\nprograms\n");
    this.git("config", "user.name", "Rehearsal");
    this.git("config", "user.email", "rehearsal@example.org");
  }

  static async start(): Promise<Rehearsal> {
    return new Rehearsal(await startAws(), await startGitHub(), await StateStore.start());
  }

  async stop(): Promise<void> {
    await this.aws.stop();
    await this.github.stop();
    await this.#store.stop();
    await this.#platform?.stop();
    for (const store of this.#others) await store.stop();
    rmSync(path.dirname(this.checkout), { recursive: true, force: true });
  }

  git(...args: string[]): string {
    return execFileSync("git", args, { cwd: this.checkout, encoding: "utf8" }).trim();
  }

  /** Commits everything as the merge of pull request 7, whose last commit `head` is. @returns the commit of main */
  merge(head: string): string {
    this.git("add", "--all");
    this.git("commit", "--quiet", "--allow-empty", "--message", "merge");
    const commit = this.git("rev-parse", "HEAD");
    this.github.merge(commit, head);
    return commit;
  }

  /** Forgets what happened; tasks and deployments succeed. */
  reset(): void {
    this.events = [];
    this.ecs.deploy = () => "succeeds";
    this.ecs.run = ({ definition: arn, command }) => {
      this.events.push(`task ${arn.split("/").at(-1)}`);
      if (!command) return { exitCode: 0 };
      const applied = migrations.parse(this.state().outputs["migrations"]?.value);
      return { exitCode: 0, lines: Object.entries(applied).map(([name, sum]) => `schema: ${name} ${sum}`) };
    };
  }

  state(): z.output<typeof state> {
    return state.parse(JSON.parse(this.#store.read() ?? "{}"));
  }

  /** Changes the state, as if somebody had changed AWS by hand. */
  changeState(change: (text: string) => string): void {
    this.#store.replace(change(this.#store.read() ?? ""));
  }

  /** Puts the state into S3, from which some commands read it. */
  publishState(): void {
    this.aws.objects.set(`${development.state.bucket}/${development.state.key}`, this.#store.read() ?? "");
  }

  /** Keeps the state in memory, in place of S3. Synthesis removes this setting with the rest of the folder. */
  useStateInMemory(): void {
    mkdirSync(this.stack, { recursive: true });
    this.#store.serve(this.stack);
  }

  /** Takes the inputs of development from its own platform, and keeps that stack's state in memory too. */
  async useOwnPlatform(): Promise<void> {
    this.#edit("environments/development.ts", 'from: "variables"', 'from: "remote-state"');
    const name = platformStack(development.environment);
    const folder = path.join(path.dirname(this.stack), name);
    mkdirSync(folder, { recursive: true });
    const store = await StateStore.start();
    store.serve(folder);
    this.#platform = store;
    const { bucket, key } = platformState(development.environment, development.state);
    const { objects } = this.aws;
    const stored = objects.get.bind(objects);
    objects.get = (name) => (name === `${bucket}/${key}` ? store.read() : stored(name));
  }

  /** Runs `terraform apply` or `destroy` in a stack's folder, as the CDKTF CLI does after synthesis. */
  terraform(verb: "apply" | "destroy", stack: string, variables: Readonly<Record<string, string>>) {
    return this.shell(
      `cd cdktf.out/stacks/${stack}; terraform init -input=false >/dev/null; exec terraform ${verb} -auto-approve -input=false`,
      variables,
    );
  }

  /** Keeps the state of a synthesised stack in memory that nothing else reads. */
  async useStateOf(stack: string): Promise<void> {
    const store = await StateStore.start();
    this.#others.push(store);
    store.serve(path.join(path.dirname(this.stack), stack));
  }

  platformState(): z.output<typeof state> {
    return state.parse(JSON.parse(this.#platform?.read() ?? "{}"));
  }

  /** Every third resource is an alarm, and no step of a deployment takes notice of any but the marker. */
  #leaveOutAlarms(): void {
    const file = "stacks/monitoring/index.ts";
    this.#edit(file, "alarmTable(parts)", "[deploying(parts)]");
    this.#edit(file, "composites(definitions, this.serviceLevels)", "[]");
  }

  #edit(file: string, before: string, after: string): void {
    const place = path.join(this.checkout, file);
    const parts = readFileSync(place, "utf8").split(before);
    if (parts.length !== 2) throw new Error(`${file}: ${before} stands there ${parts.length - 1} times`);
    writeFileSync(place, parts.join(after));
  }

  /** Copies what Terraform has applied to ECS. */
  #follow(): void {
    const { resources } = this.state();
    const instances = (type: string) =>
      resources
        .filter((resource) => resource.type === type)
        .flatMap((resource) => resource.instances.map(({ attributes }) => attributes));
    for (const attributes of instances("aws_ecs_task_definition")) {
      const { arn, container_definitions } = definition.parse(attributes);
      const [container] = containers.parse(JSON.parse(container_definitions));
      if (container && !this.ecs.definitions.has(arn)) this.ecs.define(arn, container.name, container.image);
    }
    for (const attributes of instances("aws_ecs_service")) {
      const { name, task_definition } = service.parse(attributes);
      if (this.ecs.applied.get(name) === task_definition) continue;
      this.events.push(`service ${task_definition.split("/").at(-1)}`);
      this.ecs.apply(name, task_definition);
    }
  }

  definitions(): Record<string, string | undefined> {
    return Object.fromEntries(
      [...this.ecs.services].map(([name, { taskDefinition }]) => [name, taskDefinition]),
    );
  }

  /** Runs a shell command in the checkout, where Terraform finds the stand-in providers. */
  shell(command: string, env: Readonly<Record<string, string>> = {}): Promise<Result> {
    return this.#run([TOOL, this.stack, "exec", "--", "bash", "-ec", command], env);
  }

  /** `npm run pipeline`, in a job of a workflow for `commit`. @returns what it printed, and what it passed on */
  async pipeline(args: readonly string[], commit: string, env: Readonly<Record<string, string>> = {}) {
    const file = path.join(this.#programs, "passed");
    writeFileSync(file, "");
    const result = await this.#run(["tools/run.mjs", "tools/pipeline/main.ts", ...args], {
      GITHUB_API_URL: this.github.apiUrl,
      GITHUB_REPOSITORY: this.github.repository,
      GITHUB_TOKEN: this.github.token,
      GITHUB_SERVER_URL: "https://github.com",
      GITHUB_RUN_ID: "1",
      GITHUB_SHA: commit,
      GITHUB_REF_NAME: "main",
      GITHUB_OUTPUT: file,
      GITHUB_ENV: file,
      GITHUB_STEP_SUMMARY: path.join(this.#programs, "summary.md"),
      REVIEW_KEY: "0123456789abcdef".repeat(4),
      ...env,
    });
    const passed = [...readFileSync(file, "utf8").matchAll(/^(\w+)<<(\S+)\n(.*?)\n\2\n/gms)];
    return { ...result, passed: Object.fromEntries(passed.map(([, name, , value]) => [name, value ?? ""])) };
  }

  /** A verb of `npm run ops` that changes development. */
  ops(verb: string, variables: Readonly<Record<string, string>>, ...options: string[]): Promise<Result> {
    const words = ["development", "--poll", "0", "--wait", "0", ...SKIPPED, ...options];
    return this.shell(`exec node tools/run.mjs tools/ops/main.ts ${verb} ${words.join(" ")}`, variables);
  }

  #run(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Result> {
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        args,
        {
          cwd: this.checkout,
          maxBuffer: 64 * 1024 * 1024,
          env: {
            ...process.env,
            PATH: `${this.#programs}:${process.env["PATH"]}`,
            AWS_ENDPOINT_URL: this.aws.url,
            AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
            AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            CI: "1",
            // An administrator deploys a platform.
            ...(!this.#platform && this.#role),
            ...env,
          },
        },
        (error, stdout, stderr) => resolve({ exitCode: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
      );
    });
  }

  /** What was asked of Docker. */
  docker(): string[] {
    return readFileSync(path.join(this.#programs, "docker.log"), "utf8").trim().split("\n");
  }
}
