import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import * as z from "zod";

const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync("package.json", "utf8")));
/** Scripts that run a program of this project; the others run a development tool, which explains itself. */
const programs = Object.keys(scripts).filter((name) => scripts[name]?.includes("node tools/run.mjs"));
/** Terraform exits with 2 for a plan with changes. */
const usageExitCodes: Readonly<Record<string, number>> = { "terraform-offline": 3 };
const folder = mkdtempSync(path.join(tmpdir(), "phenom-chat-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs what `npm run <script> -- <words>` runs, without a terminal and without AWS credentials. npm itself takes longer. */
function npm(script: string, words: readonly string[], env: Record<string, string> = {}) {
  const {
    AWS_ACCESS_KEY_ID: _,
    AWS_SECRET_ACCESS_KEY: __,
    AWS_PROFILE: ___,
    CI: ____,
    ...inherited
  } = process.env;
  const { status, stdout, stderr } = spawnSync(
    "/bin/sh",
    ["-c", `${scripts[script]} "$@"`, script, ...words],
    {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...inherited,
        AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
        AWS_CONFIG_FILE: "/dev/null",
        AWS_EC2_METADATA_DISABLED: "true",
        ...env,
      },
    },
  );
  return { status, stdout, stderr };
}

const STACK_TRACE = /^\s+at .+:\d+:\d+\)?$/m;

describe("every command", () => {
  it.each(programs)("npm run %s -- --help explains the command", (script) => {
    const { status, stdout, stderr } = npm(script, ["--help"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/usage|npm (?:run|start)/i);
  });

  it.each(programs)("npm run %s refuses unknown words and options with one sentence", (script) => {
    for (const word of ["no-such-word", "--no-such-option"]) {
      const { status, stderr } = npm(script, [word]);
      expect({ word, status }).toEqual({ word, status: usageExitCodes[script] ?? 2 });
      expect(stderr).toMatch(/no-such-(?:word|option)|missing required argument|too many arguments|usage:/);
      expect(stderr).not.toMatch(STACK_TRACE);
    }
  });
});

describe("a command that can't do what it is told", () => {
  const plan = path.join(folder, "plan.json");
  writeFileSync(plan, "not a plan");

  it.each<[string, string[], number, string]>([
    ["ops", ["status", "development", "extra", "words"], 2, "too many arguments for 'status'"],
    ["ops", ["status", "nowhere"], 2, "Choose from: development, "],
    ["ops", ["restart", "development"], 2, "no service is named"],
    ["ops", ["rollback", "development", "mcp", "--to", "abc"], 2, "a whole number from 1 to 1000000"],
    [
      "ops",
      ["deploy", "development", "--plan-check", "nowhere.json"],
      2,
      "nowhere.json can't be read: ENOENT",
    ],
    ["ops", ["status", "development"], 77, "no AWS credentials"],
    [
      "pipeline",
      ["show", "development", "nowhere.json"],
      2,
      "no such file or directory, open 'nowhere.json'",
    ],
    ["pipeline", ["show", "development", plan], 1, "is not JSON"],
    ["ops", ["adopt", "development"], 77, "no AWS credentials"],
    ["ops", ["deploy", "development"], 77, "no AWS credentials"],
    ["pipeline", ["running-images", "development"], 77, "no AWS credentials"],
    ["pipeline", ["release-notes", "latest"], 1, "names another version than package.json"],
    ["release", [], 2, "missing required argument 'version'"],
    ["ab", ["--from", "package.json"], 2, "must be a results.json of npm run ab: format"],
    ["modules", ["--moves", "nowhere"], 2, "Choose from: development, "],
    ["stage", ["--record"], 2, "--record goes with --rehearse-restore"],
    ["plan", ["nowhere"], 2, "Allowed choices are development, "],
    ["plan", ["development"], 77, "no AWS credentials"],
    ["apply", ["development"], 2, "there is no terminal to ask for approval"],
  ])("npm run %s -- %j exits with %i and says why", (script, words, exitCode, message) => {
    const { status, stdout, stderr } = npm(script, words);
    expect(stderr).toContain(message);
    expect({ status, stdout }).toEqual({ status: exitCode, stdout: "" });
    expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(3);
  });

  it("npm run plan names Terraform where it is missing", () => {
    const PATH = [path.dirname(process.execPath), "/usr/bin", "/bin"].join(":");
    expect(npm("plan", ["development"], { PATH })).toMatchObject({
      status: 1,
      stderr:
        "terraform can't be started: spawn terraform ENOENT\nInstall Terraform 1.11 or newer, and put it on the PATH\n",
    });
  });

  it.each([
    [
      'spawn("no-such-program")',
      "no-such-program can't be started: spawn no-such-program ENOENT\nInstall it, and put it on the PATH\n",
    ],
    ['chdir("no-such-folder")', /^ENOENT: no such file or directory, chdir .+ -> 'no-such-folder'\n$/],
  ])("a command whose program calls %s says what is missing, without a stack trace", (call, message) => {
    const program = path.join(folder, "missing.ts");
    writeFileSync(
      program,
      `import { spawn } from "node:child_process"; import { chdir } from "node:process"; ${call};`,
    );
    const { status, stderr } = spawnSync(process.execPath, ["tools/run.mjs", program], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: typeof message === "string" ? message : expect.stringMatching(message),
    });
  });

  it("npm start names a wrong setting before it starts anything", () => {
    const { status, stdout, stderr } = npm("start", [], { PORT: "abc" });
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toContain('PORT = "abc": must be a whole number from 0 to 65535');
  });

  it("a command in a checkout without npm packages says how to install them", () => {
    mkdirSync(path.join(folder, "tools"));
    copyFileSync("tools/run.mjs", path.join(folder, "tools/run.mjs"));
    writeFileSync(path.join(folder, "program.ts"), "");
    const words = ["tools/run.mjs", "program.ts"];
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: "utf8", cwd: folder });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Cannot find package 'esbuild' .+\nRun: npm ci\n$/);
  });

  it("a command whose program imports a package that is not installed says so", () => {
    const program = path.join(folder, "outdated.ts");
    writeFileSync(program, 'import "no-such-package";');
    const { status, stderr } = spawnSync(process.execPath, ["tools/run.mjs", program], { encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toMatch(/\nCannot find package 'no-such-package'\nRun: npm ci\n$/);
  });

  it.each([
    [[], "no program is named"],
    [["tools/nowhere.ts"], "there is no program tools/nowhere.ts"],
  ])("node tools/run.mjs %j says which program is missing", (words, message) => {
    const { status, stderr } = spawnSync(process.execPath, ["tools/run.mjs", ...words], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: `${message}\nUsage: node tools/run.mjs <program.ts> [arguments]\n`,
    });
  });
});
