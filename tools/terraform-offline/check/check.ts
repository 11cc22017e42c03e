import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod";
import type { Environment, ProgramResult } from "../programs.ts";
import type { ExistingData, RunState } from "../run-state.ts";
import { droppedNames } from "./dropped-names.ts";
import { applyPatch } from "./json-patch.ts";
import { type CheckOptions, readOptions } from "./options.ts";
import { unorderedServices } from "./service-order.ts";
import { StateStore } from "./state-store.ts";
import { display, identityOf, oneLine, type Report, reportOf } from "./terraform-output.ts";
import { TerraformRun } from "./terraform-run.ts";
import { touchedResources } from "./touched.ts";
import { Warnings } from "./warnings.ts";
import { copyConfiguration, prepareConfiguration, type RemoteOutputs } from "./working-copy.ts";

/** Explains a failed `init` in which Terraform looked for a provider in the network. */
const PROVIDERS_SERVED =
  "terraform-offline serves hashicorp/aws, cloudflare/cloudflare, hashicorp/random, archive, null, tls and time; " +
  "no other provider can be installed without network.";

const remoteOutputs = z.record(z.string(), z.record(z.string(), z.unknown()));

function readJson(option: string, file: string): unknown {
  const text = readFileSync(file, "utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${option}: ${file} is not JSON: ${error instanceof Error ? error.message : error}`);
  }
}

function readRemoteOutputs(file: string): RemoteOutputs {
  const read = remoteOutputs.safeParse(readJson("--remote-outputs", file));
  if (read.success) return read.data;
  throw new Error(`--remote-outputs: ${file} must hold { "<data source name>": { "<output>": value } }`);
}

const existingData = z.record(z.string(), z.array(z.record(z.string(), z.json())));

function readData(file: string): ExistingData {
  const read = existingData.safeParse(readJson("--data", file));
  if (read.success) return read.data;
  throw new Error(`--data: ${file} must hold { "<data source type>": [{ "<attribute>": value }] }`);
}

interface Change {
  readonly file: string;
  readonly text: string;
}

/** The configuration after a JSON patch. */
function patched(folder: string, patch: unknown): Change {
  const names = readdirSync(folder).filter((name) => name.endsWith(".tf.json"));
  const only = names.length === 1 ? names[0] : undefined;
  const name = names.find((candidate) => candidate === "cdk.tf.json") ?? only;
  if (name === undefined)
    throw new Error("--mutate changes cdk.tf.json, or the only *.tf.json file there is");
  const file = path.join(folder, name);
  try {
    const document = applyPatch(JSON.parse(readFileSync(file, "utf8")), patch);
    return { file, text: JSON.stringify(document, null, 2) };
  } catch (error) {
    throw new Error(`--mutate: ${error instanceof Error ? error.message : error}`);
  }
}

/** Prints the names that Terraform would drop. @returns whether there is none */
function hasNoDroppedNames(folder: string): boolean {
  const names = droppedNames(folder);
  if (names.length) console.log("FAIL  names");
  for (const name of names)
    console.log(`Error: unknown attribute ${name}\n  Terraform would drop it without a word.`);
  return names.length === 0;
}

interface StepResult extends ProgramResult {
  /** What a changed configuration would touch. */
  readonly touched?: readonly string[];
}

interface Step {
  readonly name: string;
  readonly run: () => Promise<StepResult>;
}

const stepFailed: StepResult = { code: 1, stdout: "", stderr: "" };

/** Shows what a change would touch, and takes it back. */
async function mutate(terraform: TerraformRun, folder: string, change: Change): Promise<StepResult> {
  const before = readFileSync(change.file, "utf8");
  writeFileSync(change.file, change.text);
  if (!hasNoDroppedNames(folder)) return stepFailed;
  const { result, changes } = await terraform.planChanges();
  writeFileSync(change.file, before);
  return changes ? { ...result, touched: touchedResources(changes) } : result;
}

const stepsOf = (
  terraform: TerraformRun,
  { plan, state, planOnly }: CheckOptions,
  folder: string,
  changes: readonly Change[],
): Step[] => {
  const init = { name: "init", run: () => terraform.init() };
  const first = { name: "plan", run: () => terraform.plan(plan) };
  if (planOnly) return [init, first];
  return [
    init,
    // Validates too, which is the same walk through the configuration as terraform validate.
    first,
    { name: "apply", run: () => terraform.apply(state) },
    { name: "plan again", run: () => terraform.planAgain() },
    ...changes.map((change) => ({ name: "mutate", run: () => mutate(terraform, folder, change) })),
    { name: "destroy", run: () => terraform.destroy() },
  ];
};

const seconds = (since: number) => `${((Date.now() - since) / 1000).toFixed(1)}s`;

/** Runs a step, prints its line and its warnings, and on failure why it failed. */
async function runStep({ name, run }: Step, terraform: TerraformRun, warnings: Warnings): Promise<number> {
  const begun = Date.now();
  const result = await run();
  const { code } = result;
  const time = seconds(begun).padStart(6);
  const report =
    name === "init"
      ? { diagnostics: [], summary: "", rest: result.stdout + result.stderr }
      : reportOf(result);
  const found = report.diagnostics
    .filter(({ severity }) => severity === "warning")
    .map((warning): [string, string] => [oneLine(warning), identityOf(warning)]);
  for (const [text, identity] of found.sort()) warnings.show(text, identity);
  const differs = name === "plan again" && code === 2;
  const outcome = differs ? "the second plan is not empty" : `terraform exited with ${code}`;
  console.log(
    `${code === 0 ? "ok  " : "FAIL"}  ${name.padEnd(10)} ${time}  ${code === 0 ? report.summary : outcome}`,
  );
  if (code !== 0) console.log(differs ? (await terraform.secondPlanAsText()).trim() : reasonOf(name, report));
  const touched = result.touched ?? [];
  if (result.touched) for (const line of touched.length ? touched : ["nothing"]) console.log(`diff  ${line}`);
  return code;
}

/** Terraform's own words about a failure. */
function reasonOf(step: string, { diagnostics, rest }: Report): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error").map(display);
  const text = [...errors, rest].join("\n\n");
  if (step !== "init") return text.trim();
  const start = Math.max(0, text.search(/^(?:Error|Warning): /m));
  const wantsNetwork = /registry\.terraform\.io|Failed to query available provider/.test(text);
  return text.slice(start).trim() + (wantsNetwork ? `\n\n${PROVIDERS_SERVED}` : "");
}

/** Runs the whole life of a configuration. @returns the exit code */
async function runSteps(
  steps: readonly Step[],
  terraform: TerraformRun,
  warnings: Warnings,
  { refusesWarnings }: CheckOptions,
): Promise<number> {
  const begun = Date.now();
  for (const step of steps) {
    const code = await runStep(step, terraform, warnings);
    if (code !== 0) return code;
  }
  if (refusesWarnings && warnings.count) {
    console.log(`FAIL  warnings   ${warnings}, and --no-warnings allows none`);
    return 1;
  }
  console.log(`ok    all of it  ${seconds(begun)}  ${warnings}`);
  return 0;
}

/**
 * `terraform-offline DIR check`: in a copy of the folder init, plan, apply, a second plan that must be empty, what each
 * patch would touch, destroy.
 * @returns the exit code
 */
export async function check(args: readonly string[], env: Environment, state: RunState): Promise<number> {
  const options = readOptions(args);
  const remote = options.remoteOutputs === undefined ? {} : readRemoteOutputs(options.remoteOutputs);
  const patches = options.mutate.map((file) => readJson("--mutate", file));
  if (options.data !== undefined) state.data = readData(options.data);
  const copy = copyConfiguration(state.folder);
  const { folder } = copy;
  state.folder = folder;
  const store = await StateStore.start();
  try {
    for (const note of prepareConfiguration(folder, remote)) console.log(`note  ${note}`);
    const warnings = new Warnings();
    for (const warning of unorderedServices(folder)) warnings.show(warning);
    if (!hasNoDroppedNames(folder)) return 1;
    const changes = patches.map((patch) => patched(folder, patch));
    store.serve(folder);
    const terraform = new TerraformRun(copy, env, options.variables);
    return await runSteps(stepsOf(terraform, options, folder, changes), terraform, warnings, options);
  } finally {
    await store.stop();
    if (options.keep) {
      store.leave(folder);
      console.log(`kept  ${folder}`);
    } else rmSync(copy.root, { recursive: true, force: true });
  }
}
