import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import { type Clock, systemClock } from "./clock.ts";
import type { Terminal } from "./context.ts";
import { type Output, processOutput } from "./report.ts";
import { run } from "./run.ts";

const terminal: Terminal = {
  interactive: Boolean(process.stdin.isTTY && process.stderr.isTTY),
  async ask(question) {
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await lines.question(question);
    } finally {
      lines.close();
    }
  },
  input: () => text(process.stdin),
};

const output: Output = processOutput;
const clock: Clock = systemClock;
process.exitCode = await run(process.argv.slice(2), { output, clock, terminal });
