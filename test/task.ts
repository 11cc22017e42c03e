import { type ChildProcess, spawn } from "node:child_process";

/** How a task ended, and what it wrote to stdout and stderr. */
export interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

/** The variables without which a one-shot task's command refuses to run. */
export function requiredVariables(command: readonly string[]): string[] {
  const [, names] = /for name in ([\w ]+); do/.exec(command.join("\n")) ?? [];
  if (!names) throw new Error("the command checks no variables");
  return names.split(" ");
}

/** Starts a one-shot task's exact command with the machine's own programs, and with these variables alone. */
export function startTask(
  [program = "sh", ...args]: readonly string[],
  variables: Readonly<Record<string, string>>,
): { readonly child: ChildProcess; readonly done: Promise<Outcome> } {
  const child = spawn(program, args, { env: { PATH: process.env["PATH"], ...variables } });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      output += chunk;
    });
  return { child, done: new Promise((resolve) => child.on("close", (code) => resolve({ code, output }))) };
}
