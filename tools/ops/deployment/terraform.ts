import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as z from "zod";
import { forwardSignals } from "../../cli/child.ts";
import { Problem } from "../../cli/problem.ts";
import { READ_ONLY_LOCK } from "../../terraform/lock.ts";
import type { Report } from "../report.ts";
import { type Change, changesOf } from "./plan.ts";

/** A plan that is saved to be applied unchanged. */
export interface SavedPlan {
  readonly file: string;
  readonly changes: readonly Change[];
}

const synthesised = z.object({
  output: z.object({
    one_shot_tasks: z.object({
      value: z.record(z.string(), z.object({ addresses: z.array(z.string()).min(1) })),
    }),
  }),
});

/**
 * Terraform on the synthesised stack, in the folder that the CDKTF CLI uses too. That CLI can apply neither a part of a
 * stack nor a saved plan.
 */
export class Terraform {
  readonly #report: Report;
  readonly #stack: string;
  /** Plans hold secrets: only this user can read the folder, and close() removes it. */
  readonly #plans = mkdtempSync(path.join(tmpdir(), "phenom-chat-plan-"));
  readonly #variables: Readonly<Record<string, string>>;
  #saved = 0;

  /** @param variables environment variables that Terraform gets besides those of this process */
  constructor(stack: string, report: Report, variables: Readonly<Record<string, string>> = {}) {
    this.#stack = path.join("cdktf.out/stacks", stack);
    this.#report = report;
    this.#variables = variables;
  }

  /** Synthesises all stacks. */
  async synthesise(): Promise<void> {
    this.#report.progress("synthesising");
    await this.#run(process.execPath, ["tools/run.mjs", "tools/build/synth.ts"]);
  }

  /** Initialises providers and state. */
  async initialise(): Promise<void> {
    this.#report.progress("initialising Terraform");
    await this.#terraform(["init", "-input=false", "-no-color", READ_ONLY_LOCK]);
  }

  /** Addresses that a one-shot task needs; none where the environment has no such task. */
  addressesOf(part: string): readonly string[] {
    const json = readFileSync(path.join(this.#stack, "cdk.tf.json"), "utf8");
    return synthesised.parse(JSON.parse(json)).output.one_shot_tasks.value[part]?.addresses ?? [];
  }

  /** Plans the whole stack, or `targets` and what they depend on. */
  async plan(targets: readonly string[] = []): Promise<SavedPlan> {
    const file = path.join(this.#plans, `${++this.#saved}.tfplan`);
    const options = ["-input=false", "-no-color", "-lock-timeout=5m", `-out=${file}`];
    await this.#terraform(["plan", ...options, ...targets.map((address) => `-target=${address}`)], true);
    const shown = await this.#terraform(["show", "-json", file], true);
    return { file, changes: changesOf(shown, "what terraform show printed") };
  }

  async apply({ file }: SavedPlan): Promise<void> {
    await this.#terraform(["apply", "-input=false", "-no-color", "-lock-timeout=5m", file]);
  }

  /** The outputs as `terraform output -json` prints them; `{}` before the first apply. */
  outputs(): Promise<string> {
    return this.#terraform(["output", "-json"], true);
  }

  /** Removes the saved plans. */
  close(): void {
    rmSync(this.#plans, { recursive: true, force: true });
  }

  #terraform(args: readonly string[], quiet = false): Promise<string> {
    return this.#run("terraform", [`-chdir=${this.#stack}`, ...args], quiet);
  }

  /** @returns what the command prints on stdout. @throws Problem with its errors where it fails */
  #run(command: string, args: readonly string[], quiet = false): Promise<string> {
    const name = path.basename(command);
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      // Not in the terminal's process group: after a second Ctrl-C Terraform would not save its state.
      detached: true,
      env: { CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1", ...process.env, ...this.#variables },
    });
    let [stdout, stderr, finished] = ["", "", false];
    const removeHandlers = forwardSignals(child, () =>
      this.#report.progress(`${name} finishes what it is doing, then stops`),
    );
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
      // The outputs at the end are long, and nobody needs them here.
      if (quiet || finished) return;
      finished = /^Outputs:/m.test(chunk);
      for (const line of (chunk.split(/^Outputs:/m)[0] ?? "").split("\n"))
        if (line.trim()) this.#report.progress(`${name} | ${line}`);
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      stderr += chunk;
    });
    return new Promise((resolve, reject) => {
      child.on("error", (error) => {
        removeHandlers();
        reject(
          new Problem(
            `${name} can't be started: ${error.message}`,
            "Install Terraform 1.11 or newer, and put it on the PATH",
          ),
        );
      });
      child.on("close", (code) => {
        removeHandlers();
        if (code === 0) return resolve(stdout);
        const [verb] = args.filter((arg) => !arg.startsWith("-"));
        reject(
          new Problem(
            `${name} ${verb} failed with ${code}:\n${(stderr || stdout).trim()}`,
            "The message above names the resource; docs/deploying.md lists what Terraform needs",
          ),
        );
      });
    });
  }
}
