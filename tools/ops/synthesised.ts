import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { App } from "cdktf";
import * as z from "zod";
import type { EnvironmentData } from "../../environments/schema.ts";
import { synthesise } from "../../stacks/synthesise.ts";

const config = z.record(z.string(), z.unknown());
const stackJson = z.object({
  resource: z.record(z.string(), z.record(z.string(), config)),
  variable: z.record(z.string(), z.object({ default: z.unknown().optional() })).default({}),
});

/** A resource of the stack. */
export interface StackResource {
  /** As Terraform names it, `type.name`. */
  readonly address: string;
  readonly type: string;
  /** Its arguments, with Terraform's expressions as they stand. */
  readonly config: Readonly<Record<string, unknown>>;
}

export interface SynthesisedStack {
  readonly resources: readonly StackResource[];
  /** Defaults of the stack's variables. */
  readonly defaults: Readonly<Record<string, unknown>>;
}

/**
 * The resources of an environment's stack, synthesised into a temporary folder. The functions' bundles must exist:
 * `writeBundles`.
 */
export function synthesisedStack(environment: EnvironmentData): SynthesisedStack {
  const outdir = mkdtempSync(path.join(tmpdir(), "phenom-chat-synth-"));
  try {
    synthesise(new App({ outdir, stackTraces: false, skipValidation: true }), [environment]);
    const file = path.join(outdir, "stacks", environment.environment, "cdk.tf.json");
    const { resource, variable } = stackJson.parse(JSON.parse(readFileSync(file, "utf8")));
    return {
      resources: Object.entries(resource).flatMap(([type, byName]) =>
        Object.entries(byName).map(([name, { "//": _, ...config }]) => ({
          address: `${type}.${name}`,
          type,
          config,
        })),
      ),
      defaults: Object.fromEntries(
        Object.entries(variable).flatMap(([name, declared]) =>
          declared.default === undefined ? [] : [[name, declared.default]],
        ),
      ),
    };
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}
