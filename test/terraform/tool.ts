import { execFile } from "node:child_process";
import path from "node:path";
import { tools } from "../../tools/setup/tools.ts";

/** Runs the real Terraform against stand-in providers, without an account or a network; bundled before all tests. */
export const TOOL = path.resolve("build/programs/tools/terraform-offline/main.mjs");

// The Terraform of the offline tool and of cdktf.
for (const name of ["TF_OFFLINE_TERRAFORM", "TERRAFORM_BINARY_NAME"])
  process.env[name] = tools.terraform.path("terraform");

export interface ToolRun {
  readonly code: number;
  readonly stdout: string;
  /** Everything that was printed. */
  readonly output: string;
}

/** @param options.cwd @default - the current folder */
export const runTool = (
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<ToolRun> =>
  new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [TOOL, ...args],
      { env: process.env, ...options, maxBuffer: 64 * 1024 * 1024 },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? 1, stdout, output: stdout + stderr }),
    );
  });
