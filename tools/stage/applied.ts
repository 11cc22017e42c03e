import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { App } from "cdktf";
import * as z from "zod";
import type { EnvironmentData } from "../../environments/schema.ts";
import { synthesise } from "../../stacks/synthesise.ts";
import { StateStore } from "../terraform-offline/check/state-store.ts";
import { TerraformRun } from "../terraform-offline/check/terraform-run.ts";
import {
  copyConfiguration,
  prepareConfiguration,
  type WorkingCopy,
} from "../terraform-offline/check/working-copy.ts";
import { type CliConfig, emptyCliConfig, type ProgramResult } from "../terraform-offline/programs.ts";
import { type RunningProviders, startProviders } from "../terraform-offline/providers/index.ts";
import { newRunState, type RunState } from "../terraform-offline/run-state.ts";

/** A version of a secret that Terraform wrote. */
export interface SecretVersion {
  readonly arn: string;
  readonly version: string;
  readonly value: string;
}

export interface Applied {
  /** Folder of the configuration, from which file names in the state are looked up. */
  readonly folder: string;
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Values of the managed resources of a type. */
  resources(type: string): readonly Readonly<Record<string, unknown>>[];
  readonly secrets: readonly SecretVersion[];
}

export type Variables = Readonly<Record<string, unknown>>;

const resource = z.object({
  mode: z.enum(["managed", "data"]),
  type: z.string(),
  values: z.record(z.string(), z.unknown()),
});
const stateDocument = z.object({
  values: z.object({
    outputs: z.record(z.string(), z.object({ value: z.unknown() })),
    root_module: z.object({ resources: z.array(resource) }),
  }),
});
const writtenSecret = z.object({ text: z.string(), arn: z.string(), version: z.string() });

/** An environment's example values, for those inputs that its configuration declares. */
export const exampleVariables = ({ environment }: Pick<EnvironmentData, "environment">): Variables =>
  z
    .record(z.string(), z.unknown())
    .parse(JSON.parse(readFileSync(`environments/${environment}.example.tfvars.json`, "utf8")));

/** Synthesises an environment and applies it with the stand-in providers; further applies change the same state. */
export class OfflineApply {
  readonly #folder: string;
  readonly #cli: CliConfig = emptyCliConfig();
  #run:
    | {
        copy: WorkingCopy;
        state: RunState;
        providers: RunningProviders;
        terraform: TerraformRun;
        store: StateStore;
      }
    | undefined;

  /** @param folder for its files */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws Error with Terraform's own message */
  async apply(data: EnvironmentData, variables: Variables): Promise<Applied> {
    const out = mkdtempSync(path.join(this.#folder, "synthesised-"));
    synthesise(new App({ outdir: out, stackTraces: false }), [data]);
    const stack = path.join(out, "stacks", data.environment);
    const run = this.#run ?? (await this.#start(stack));
    const first = this.#run === undefined;
    this.#run = run;
    if (!first) cpSync(stack, run.copy.folder, { recursive: true });
    prepareConfiguration(run.copy.folder, {});
    run.store.serve(run.copy.folder);
    writeFileSync(
      path.join(run.copy.folder, "stage.auto.tfvars.json"),
      JSON.stringify(declaredOnly(run.copy.folder, variables)),
    );
    const stateFile = path.join(this.#folder, "state.json");
    if (first) succeeded(await run.terraform.init());
    succeeded(await run.terraform.plan(undefined));
    succeeded(await run.terraform.apply(stateFile));
    const state = stateDocument.parse(JSON.parse(readFileSync(stateFile, "utf8"))).values;
    rmSync(stateFile);
    return {
      folder: run.copy.folder,
      outputs: Object.fromEntries(Object.entries(state.outputs).map(([name, { value }]) => [name, value])),
      resources: (type) =>
        state.root_module.resources
          .filter((each) => each.mode === "managed" && each.type === type)
          .map(({ values }) => values),
      secrets: [...run.state.secrets.values()].flatMap((written) => {
        const { success, data: secret } = writtenSecret.safeParse(written);
        return success ? [{ arn: secret.arn, version: secret.version, value: secret.text }] : [];
      }),
    };
  }

  async stop(): Promise<void> {
    this.#run?.providers.stop();
    await this.#run?.store.stop();
    this.#cli.remove();
    if (this.#run) rmSync(this.#run.copy.root, { recursive: true, force: true });
  }

  async #start(stack: string) {
    const copy = copyConfiguration(stack);
    const state = newRunState(copy.folder);
    const providers = await startProviders(state);
    const terraform = new TerraformRun(copy, { ...this.#cli.env, ...providers.env }, []);
    return { copy, state, providers, terraform, store: await StateStore.start() };
  }
}

/** Terraform warns of values for variables that a configuration does not declare. */
function declaredOnly(folder: string, variables: Variables): Variables {
  const { variable } = z
    .object({ variable: z.record(z.string(), z.unknown()).default({}) })
    .parse(JSON.parse(readFileSync(path.join(folder, "cdk.tf.json"), "utf8")));
  return Object.fromEntries(Object.entries(variables).filter(([name]) => name in variable));
}

function succeeded({ code, stdout, stderr }: ProgramResult): void {
  if (code !== 0) throw new Error(`terraform ended with ${code}:\n${stdout}\n${stderr}`);
}
