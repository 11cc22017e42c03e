import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { Problem } from "../cli/problem.ts";

/** @returns what the program wrote to stdout. @throws Problem with the end of its output, where it fails */
export function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    env,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (error) throw new Problem(`${program} can't be run: ${error.message}`);
  if (status !== 0) throw failure(program, args, status, stdout + stderr);
  return stdout;
}

/** As {@link run}, for programs that take long. */
export async function runLong(program: string, args: readonly string[], env = process.env): Promise<void> {
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const exited = once(child, "close").catch((error: Error) => {
    throw new Problem(`${program} can't be run: ${error.message}`);
  });
  const [[status], ...output] = await Promise.all([exited, text(child.stdout), text(child.stderr)]);
  if (status !== 0) throw failure(program, args, status, output.join(""));
}

function failure(program: string, args: readonly string[], status: number | null, output: string): Problem {
  const end = output.trim().split("\n").slice(-40).join("\n");
  return new Problem(`${program} ${args[0]} ended with ${status}:\n${end}`);
}

export const works = (program: string, args: readonly string[]): boolean =>
  spawnSync(program, args, { stdio: "ignore" }).status === 0;
