import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import * as z from "zod";
import { EXIT, Problem } from "../problem.ts";
import type { Report } from "../report.ts";
import { type Change, changesOf } from "./plan.ts";

/** A plan that was saved, to be applied as it is. */
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
 * Terraform on the synthesised stack, in the folder that cdktf applies too. cdktf's own command line can neither apply a
 * part of a stack nor a saved plan.
 */
export class Terraform {
  readonly #report: Report;
  readonly #stack: string;
  /** Plans hold secrets, so they lie where nobody else reads, and go when it is over. */
  readonly #plans = mkdtempSync(path.join(tmpdir(), "phenom-chat-plan-"));
  #saved = 0;

  constructor(environment: string, report: Report) {
    this.#stack = path.join("cdktf.out/stacks", environment);
    this.#report = report;
  }

  /** Writes the Terraform of the environment, and readies providers and state. */
  async prepare(): Promise<void> {
    this.#report.progress("synthesising");
    await this.#run(process.execPath, ["tools/run.mjs", "tools/build/main.ts"]);
    await this.#run(process.execPath, ["build/main.cjs"]);
    this.#report.progress("initialising Terraform");
    await this.#terraform(["init", "-input=false", "-no-color"]);
  }

  /** Addresses that a one-shot task needs before the rest; none where the environment has no such task. */
  addressesOf(part: string): readonly string[] {
    const json = readFileSync(path.join(this.#stack, "cdk.tf.json"), "utf8");
    return synthesised.parse(JSON.parse(json)).output.one_shot_tasks.value[part]?.addresses ?? [];
  }

  /** Plans all of the stack, or `targets` and what they depend on. */
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

  /** @returns what it prints on stdout. @throws Problem with its errors where it fails */
  #run(command: string, args: readonly string[], quiet = false): Promise<string> {
    const name = path.basename(command);
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      // Apart from the terminal: a second Ctrl-C, or ours ending first, would cost Terraform its state.
      detached: true,
      env: { CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1", ...process.env },
    });
    let [stdout, stderr, said, told] = ["", "", false, false];
    const stop = () => {
      if (told) return;
      told = true;
      this.#report.progress(`${name} finishes what it is doing, then stops`);
      child.kill("SIGINT");
    };
    process.on("SIGINT", stop).on("SIGTERM", stop);
    const over = () => process.off("SIGINT", stop).off("SIGTERM", stop);
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
      // Terraform ends with all outputs, which are long and not news.
      if (quiet || said) return;
      said = /^Outputs:/m.test(chunk);
      for (const line of (chunk.split(/^Outputs:/m)[0] ?? "").split("\n"))
        if (line.trim()) this.#report.progress(`${name} | ${line}`);
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      stderr += chunk;
    });
    return new Promise((resolve, reject) => {
      child.on("error", (error) => {
        over();
        reject(
          new Problem(
            `${name} can't be run: ${error.message}`,
            "Install Terraform 1.11 or newer, and put it on the PATH",
            EXIT.failed,
          ),
        );
      });
      child.on("close", (code) => {
        over();
        if (code === 0) return resolve(stdout);
        const [verb] = args.filter((arg) => !arg.startsWith("-"));
        reject(
          new Problem(
            `${name} ${verb} failed with ${code}:\n${(stderr || stdout).trim()}`,
            "The message above names the resource; docs/deploying.md lists what Terraform needs",
            EXIT.failed,
          ),
        );
      });
    });
  }
}
