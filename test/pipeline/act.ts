import { execFile, execFileSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { shellWord } from "../../shared/shell.ts";
import { tools } from "../../tools/setup/tools.ts";

/** What a workflow ran: programs, and actions of others, in order. */
interface Called {
  readonly job: string;
  /** The command line, or the action with its inputs. */
  readonly command: string;
  /** Environment variables that the workflows set, where they were set. */
  readonly env: Readonly<Record<string, string>>;
  /** Program that started this one. */
  readonly parent: string;
}

export interface Run {
  readonly succeeded: boolean;
  readonly called: readonly Called[];
  readonly output: string;
}

/** Variables that are recorded. */
const RECORDED = [
  "AWS_ROLE",
  "CLOUDFLARE_API_TOKEN",
  "COMMIT",
  "GITHUB_TOKEN",
  "GH_TOKEN",
  "IMAGE_TAGS",
  "INPUTS",
  "PLANNED",
  "REVIEWED",
  "REVIEW_KEY",
  "SYNTHESISED",
  "TF_CLI_ARGS_plan",
  "TOKEN",
  "USERNAME",
];

/**
 * Stands for npm, docker, terraform and others: records the call, and does what the test says. A record is job, command,
 * parent and variables, each ended by NUL, and ends with one more. It is a shell script because hundreds are started.
 */
const PROGRAM = `#!/bin/bash
# act's own program for hashFiles().
[[ \${1:-} != */hashfiles/* ]] || exec ${shellWord(process.execPath)} "$@"
command="\${0##*/} $*"
read -r parent < "/proc/$PPID/comm"
record=("$GITHUB_JOB" "$command" "$parent")
for name in ${RECORDED.join(" ")}; do
  [ -z "\${!name:-}" ] || record+=("$name=\${!name}")
done
# In one write, because the programs of a pipeline run at the same time.
printf '%s\\0' "\${record[@]}" "" >> "$STAND_IN/calls"
mkdir -p cdktf.out/stacks/{development,production}
. "$STAND_IN/effects"
`;

/** What a program does, by a regular expression for its command line. */
export type Effects = Readonly<
  Record<
    string,
    { readonly exit?: number; readonly outputs?: Record<string, string>; readonly stdout?: string }
  >
>;

/** Effects as the last part of the stand-in. */
const effectsScript = (effects: Effects): string =>
  Object.entries(effects)
    .map(([pattern, { exit = 0, outputs = {}, stdout = "" }]) =>
      [
        `pattern=${shellWord(pattern)}`,
        "if [[ $command =~ $pattern ]]; then",
        ...Object.entries(outputs).map(
          ([name, value]) => `echo ${shellWord(`${name}=${value}`)} >> "$GITHUB_OUTPUT"`,
        ),
        `printf %s ${shellWord(stdout)}`,
        `exit ${exit}`,
        "fi",
      ].join("\n"),
    )
    .join("\n");

function callOf(record: string): Called {
  const [job = "", command = "", parent = "", ...variables] = record.split("\0");
  const env = variables.map((variable) => /^(\w+)=(.*)$/s.exec(variable)?.slice(1) ?? []);
  return { job, command, parent, env: Object.fromEntries(env) };
}

/** The workflows of this repository, run by act with stand-ins for every program, and for actions from elsewhere. */
export class Workflows {
  readonly #folder = mkdtempSync(path.join(tmpdir(), "phenom-chat-act-"));
  readonly #repository = path.join(this.#folder, "phenom-chat");
  readonly #actions: string[] = [];

  constructor() {
    cpSync(".github", path.join(this.#repository, ".github"), { recursive: true });
    this.#file("repository/tools/run.mjs", "");
    // GitHub's key since May 2026, which act refuses.
    const workflows = path.join(this.#repository, ".github/workflows");
    for (const name of readdirSync(workflows)) {
      const file = path.join(workflows, name);
      writeFileSync(file, readFileSync(file, "utf8").replace("  queue: max\n", ""));
    }
    for (const program of ["npm", "docker", "terraform", "node", "gh"]) this.#program(`bin/${program}`);
    mkdirSync(path.join(this.#repository, ".ci"));
    writeFileSync(path.join(this.#repository, ".ci/run"), PROGRAM);
    chmodSync(path.join(this.#repository, ".ci/run"), 0o755);
    this.#standInForActions();
    const git = (...args: string[]) => execFileSync("git", args, { cwd: this.#repository });
    git("init", "--quiet", "--initial-branch=main");
    git("config", "user.name", "Workflow Test");
    git("config", "user.email", "workflow@example.org");
    git("remote", "add", "origin", "https://github.com/Phenom-earth/phenom-chat.git");
    git("add", "--all");
    git("commit", "--quiet", "--message", "begin");
    git("tag", "v1.2.3");
  }

  #file(name: string, content: string): string {
    const file = path.join(this.#folder, name.replace(/^repository\//, "phenom-chat/"));
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  }

  #program(name: string): void {
    chmodSync(this.#file(name, PROGRAM), 0o755);
  }

  /** Each action of others records its inputs. */
  #standInForActions(): void {
    const files = readdirSync(path.join(this.#repository, ".github"), { recursive: true, encoding: "utf8" });
    const text = files
      .filter((file) => file.endsWith(".yml"))
      .map((file) => readFileSync(path.join(this.#repository, ".github", file), "utf8"))
      .join("\n");
    const used = new Map<string, Set<string>>();
    for (const [, action = "", keys = ""] of text.matchAll(
      /uses: ([\w-]+\/[\w-]+@[0-9a-f]{40}).*\n(?: +with:\n((?: {8,}.*\n)*))?/g,
    )) {
      const inputs = used.get(action) ?? new Set();
      for (const [, key = ""] of keys.matchAll(/^ +([\w-]+):/gm)) inputs.add(key);
      used.set(action, inputs);
    }
    for (const [action, inputs] of used) {
      const [name = ""] = action.split("@");
      const file = this.#file(
        `actions/${name}/action.yml`,
        [
          `name: stand-in of ${name}`,
          "inputs:",
          ...[...inputs].map((name) => `  ${name}: { default: "" }`),
          "runs:",
          "  using: composite",
          "  steps:",
          `    - run: action ${path.basename(name)} '\${{ toJSON(inputs) }}'`,
          "      shell: bash",
        ].join("\n"),
      );
      this.#actions.push(`${action}=${path.dirname(file)}`);
    }
    this.#program("bin/action");
  }

  /** Runs a workflow. @param payload of the event @param effects what programs do beside being recorded */
  async run(workflow: string, event: string, payload: object, effects: Effects = {}): Promise<Run> {
    writeFileSync(path.join(this.#folder, "effects"), `${effectsScript(effects)}\nexit 0\n`);
    writeFileSync(path.join(this.#folder, "calls"), "");
    const eventFile = this.#file("event.json", JSON.stringify({ repository: REPOSITORY, ...payload }));
    const secrets = ["CLOUDFLARE_API_TOKEN", "DOCKERHUB_USERNAME", "DOCKERHUB_TOKEN", "REVIEW_KEY"];
    const args = [
      event,
      ...["--workflows", `.github/workflows/${workflow}.yml`, "--eventpath", eventFile],
      ...["--platform", "ubuntu-24.04=-self-hosted", "--no-cache-server", "--concurrent-jobs", "1"],
      ...["--secret", "GITHUB_TOKEN=token-of-the-job"],
      ...secrets.flatMap((name) => ["--secret", `${name}=secret-${name}`]),
      ...["--insecure-secrets", "--var", "AWS_ROLE_ARN=arn:role", "--var", "INPUTS={}"],
      ...["--env", `STAND_IN=${this.#folder}`],
      ...this.#actions.flatMap((action) => ["--local-repository", action]),
    ];
    const { code, output } = await new Promise<{ code: number; output: string }>((resolve) => {
      execFile(
        tools.act.path("act"),
        args,
        {
          cwd: this.#repository,
          maxBuffer: 64 * 1024 * 1024,
          env: {
            HOME: this.#folder,
            PATH: `${path.join(this.#folder, "bin")}:${process.env["PATH"]}`,
            ACT_DISABLE_VERSION_CHECK: "1",
          },
        },
        (error, stdout, stderr) => resolve({ code: error ? 1 : 0, output: stdout + stderr }),
      );
    });
    const records = readFileSync(path.join(this.#folder, "calls"), "utf8").split("\0\0");
    return {
      succeeded: code === 0,
      called: records.filter((record) => record !== "").map(callOf),
      output,
    };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const REPOSITORY = { full_name: "Phenom-earth/phenom-chat", default_branch: "main" };
