import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";

/** Runs the real Terraform against stand-in providers, without an account or a network; bundled before all tests. */
export const TOOL = path.resolve("build/programs/tools/terraform-offline/main.mjs");

/** For `describeWith`: what these tests need. */
export const offlineTerraform = { terraform: terraformOnPath() };

function terraformOnPath(): string {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  const files = folders.map((folder) => path.join(folder, "terraform"));
  return files.find((file) => existsSync(file)) ?? "terraform on the PATH";
}

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
      { ...options, maxBuffer: 64 * 1024 * 1024 },
      (_error, stdout, stderr) => resolve({ code: child.exitCode ?? 1, stdout, output: stdout + stderr }),
    );
  });
