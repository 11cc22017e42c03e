import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { membersOf } from "../json.ts";
import { type Environment, type ProgramResult, terraform } from "../programs.ts";
import { blocksOf, hclFiles, jsonFiles } from "./configuration.ts";
import { changesOf, type ResourceChange } from "./terraform-output.ts";
import type { WorkingCopy } from "./working-copy.ts";

const CRASH_MESSAGE =
  'Error: this Terraform crashes in "show -json" when an ephemeral block has a precondition or postcondition; ' +
  "leave --json, --state and --mutate out, or take those conditions out.";

/** The second plan has just read every resource. */
const JUST_READ = ["-refresh=false"];

/** A saved plan holds no ephemeral variable: the apply must be told it again. */
function hasEphemeralVariables(folder: string): boolean {
  const inHcl = /\bvariable\s+"[^{]*\{[^}]*\bephemeral\s*=\s*true/;
  return (
    hclFiles(folder).some((text) => inHcl.test(text)) ||
    jsonFiles(folder).some(({ document }) =>
      Object.values(membersOf(document.variable)).some((variable) =>
        blocksOf(variable).some(({ ephemeral }) => ephemeral === true),
      ),
    )
  );
}

/** The commands of Terraform that a check needs, each run in the working copy. */
export class TerraformRun {
  private readonly folder: string;
  private readonly env: Environment;
  private readonly variables: readonly string[];
  private readonly firstPlan: string;
  private readonly secondPlan: string;

  constructor({ root, folder }: WorkingCopy, env: Environment, variables: readonly string[]) {
    this.folder = folder;
    this.env = { ...env, TF_INPUT: "0", TF_IN_AUTOMATION: "1" };
    this.variables = variables;
    this.firstPlan = path.join(root, "first.tfplan");
    this.secondPlan = path.join(root, "second.tfplan");
  }

  init(): Promise<ProgramResult> {
    return this.terraform("init", "-input=false", "-no-color");
  }

  /** @param file takes the plan as JSON */
  async plan(file: string | undefined): Promise<ProgramResult> {
    return this.save(await this.planTo(this.firstPlan), file, this.firstPlan);
  }

  /** @param file takes the state as JSON */
  async apply(file: string | undefined): Promise<ProgramResult> {
    const variables = hasEphemeralVariables(this.folder) ? this.variables : [];
    const applied = await this.terraform(
      "apply",
      "-input=false",
      "-json",
      "-auto-approve",
      ...variables,
      this.firstPlan,
    );
    return this.save(applied, file);
  }

  /** Exits with 2 if the plan is not empty. */
  planAgain(): Promise<ProgramResult> {
    return this.planTo(this.secondPlan, "-detailed-exitcode");
  }

  async secondPlanAsText(): Promise<string> {
    return (await this.terraform("show", "-no-color", this.secondPlan)).stdout;
  }

  /** Plans, and reads what the plan would change. */
  async planChanges(): Promise<{ result: ProgramResult; changes?: readonly ResourceChange[] }> {
    const planned = await this.planTo(this.secondPlan, ...JUST_READ);
    if (planned.code !== 0) return { result: planned };
    const shown = await this.showJson(this.secondPlan);
    return shown.code === 0 ? { result: planned, changes: changesOf(shown.stdout) } : { result: shown };
  }

  destroy(): Promise<ProgramResult> {
    const options = ["-input=false", "-json", "-auto-approve", ...JUST_READ];
    return this.terraform("destroy", ...options, ...this.variables);
  }

  private planTo(file: string, ...options: readonly string[]): Promise<ProgramResult> {
    return this.terraform("plan", "-input=false", "-json", `-out=${file}`, ...options, ...this.variables);
  }

  /** Writes a plan or the state as JSON, if a file is given and the command before went well. */
  private async save(
    before: ProgramResult,
    file: string | undefined,
    ...what: readonly string[]
  ): Promise<ProgramResult> {
    if (before.code !== 0 || file === undefined) return before;
    const shown = await this.showJson(...what);
    if (shown.code !== 0) return shown;
    mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
    writeFileSync(file, shown.stdout);
    return before;
  }

  private async showJson(...what: readonly string[]): Promise<ProgramResult> {
    const shown = await this.terraform("show", "-json", ...what);
    const crashed = shown.stderr.includes("unsupported resource mode");
    return crashed ? { code: shown.code, stdout: "", stderr: CRASH_MESSAGE } : shown;
  }

  private terraform(...args: readonly string[]): Promise<ProgramResult> {
    return terraform(args, { folder: this.folder, env: this.env, capture: true });
  }
}
