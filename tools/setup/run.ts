import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import path from "node:path";

/** Something that the person at the terminal can act on: one sentence, without a stack trace. */
export class SetupError extends Error {}

/** Runs a program, and rejects with the last line that it wrote if it fails. */
export type Run = (program: string, args: readonly string[], options?: RunOptions) => Promise<string>;

interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A `Run` that keeps everything that its programs write, in one log file. */
export function runInto(log: string): Run {
  mkdirSync(path.dirname(log), { recursive: true });
  const file = createWriteStream(log);
  return (program, args, { cwd, env } = {}) =>
    new Promise((resolve, reject) => {
      const command = [path.basename(program), ...args].join(" ");
      file.write(`$ ${command}\n`);
      const child = spawn(program, args, {
        ...(cwd === undefined ? {} : { cwd }),
        env: { ...process.env, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => {
          output += text;
          file.write(text);
        });
      child.on("error", (error) => reject(new SetupError(`${program} cannot be run: ${error.message}`)));
      child.on("close", (code, signal) => {
        if (code === 0) return resolve(output);
        const shown = command.length > 100 ? `${command.slice(0, 100)}…` : command;
        reject(
          new SetupError(
            `"${shown}" ended with ${code === null ? signal : `exit code ${code}`}: ` +
              `${lastLine(output)} (all of its output: ${path.relative("", log)})`,
          ),
        );
      });
    });
}

function lastLine(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "");
  // npm and pip end with hints; the line that says what went wrong has the word.
  const telling = lines.findLast((line) => /\berror\b|^E: /i.test(line) && !/complete log/.test(line));
  return (telling ?? lines.at(-1) ?? "it wrote nothing").trim();
}
