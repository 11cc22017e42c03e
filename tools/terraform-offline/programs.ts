import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import path from "node:path";
import { tools } from "../setup/tools.ts";

export type Environment = Readonly<Record<string, string>>;

export interface ProgramOptions {
  /** @default - the current folder */
  readonly folder?: string;
  /** Variables beside those of this process. */
  readonly env: Environment;
  /** Collects what the program prints instead of showing it. @default false */
  readonly capture?: boolean;
}

export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const relayedSignals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const isMissing = (error: unknown) => error instanceof Error && "code" in error && error.code === "ENOENT";

/** Runs a program. Signals are passed on, except an interrupt from a terminal, which reaches the program by itself. */
function runProgram(
  program: string,
  args: readonly string[],
  { folder, env, capture = false }: ProgramOptions,
): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: folder,
      // Terraform lives for seconds: it collects garbage only when it would take more memory, which costs time as well.
      env: { GOGC: "off", GOMEMLIMIT: "500MiB", ...process.env, CHECKPOINT_DISABLE: "1", ...env },
      stdio: capture ? ["ignore", "pipe", "pipe"] : "inherit",
    });
    let [stdout, stderr] = ["", ""];
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    const relay = (signal: NodeJS.Signals) => {
      if (!(signal === "SIGINT" && process.stdin.isTTY)) child.kill(signal);
    };
    for (const signal of relayedSignals) process.on(signal, relay);
    const stopRelaying = () => {
      for (const signal of relayedSignals) process.off(signal, relay);
    };
    child.on("error", (error) => {
      stopRelaying();
      reject(error);
    });
    child.on("close", (code, signal) => {
      stopRelaying();
      resolve({ code: code ?? 128 + (signal ? constants.signals[signal] : 2), stdout, stderr });
    });
  });
}

/** The one that is named, the one that `npm run setup` installed, or any on the PATH. */
function terraformProgram(): string {
  const named = process.env["TF_OFFLINE_TERRAFORM"];
  if (named !== undefined) return named;
  return tools.terraform.present() ? tools.terraform.path("terraform") : "terraform";
}

export async function terraform(args: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  const program = terraformProgram();
  try {
    return await runProgram(program, args, options);
  } catch (error) {
    throw isMissing(error)
      ? new Error(`${program}: not found; run npm run setup -- --only terraform, or set TF_OFFLINE_TERRAFORM`)
      : error;
  }
}

/** Runs any program and returns its exit code; as in a shell, 127 if there is none, 126 if it can't be run. */
export async function execute(program: string, args: readonly string[], env: Environment): Promise<number> {
  try {
    return (await runProgram(program, args, { env })).code;
  } catch (error) {
    const reason = error instanceof Error ? error.message : error;
    console.error(`terraform-offline: ${program}: ${isMissing(error) ? "not found" : reason}`);
    return isMissing(error) ? 127 : 126;
  }
}

export interface CliConfig {
  readonly env: { readonly TF_CLI_CONFIG_FILE: string };
  remove(): void;
}

/** An empty configuration of Terraform's command line, so that the user's own provider settings don't interfere. */
export function emptyCliConfig(): CliConfig {
  const folder = mkdtempSync(path.join(tmpdir(), "terraform-offline-rc-"));
  const file = path.join(folder, "terraform.rc");
  writeFileSync(file, "");
  return {
    env: { TF_CLI_CONFIG_FILE: file },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
