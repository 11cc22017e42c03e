import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";

/** Time between two looks at whether a process group has ended. */
const POLL_MS = 50;

/**
 * Passes what GitHub sends to a cancelled job (SIGINT, 7.5 s later SIGTERM, 2.5 s later the end) on to a child that was
 * started with `detached`, and to all that it started. They get one SIGINT: after a second one Terraform would end
 * without giving the lock of its state back.
 * @param onStop called at the first signal
 * @returns a function that ends it
 */
export function forwardSignals(child: ChildProcess, onStop: () => void): () => void {
  let stopped = false;
  const stop = () => {
    if (stopped || child.pid === undefined) return;
    stopped = true;
    onStop();
    signalGroup(child.pid, "SIGINT");
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  return () => process.off("SIGINT", stop).off("SIGTERM", stop);
}

/** Lets the child decide what Ctrl-C does. @returns a function that ends it */
function ignoreInterrupt(): () => void {
  const wait = () => {};
  process.on("SIGINT", wait);
  return () => process.off("SIGINT", wait);
}

/**
 * Runs a program in this terminal until it ends, with time to stop when this process is told to.
 * @returns its exit code, as a shell gives it
 */
export async function runInterruptible(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  // At a terminal Ctrl-C reaches every process of the group. Without one, this process alone is told to stop.
  const terminal = Boolean(process.stdin.isTTY);
  const child = spawn(command, args, {
    stdio: "inherit",
    detached: !terminal,
    env: { ...env, ...process.env },
  });
  const restore = terminal
    ? ignoreInterrupt()
    : forwardSignals(child, () =>
        console.error(`${command} is told to stop; Terraform finishes what it is doing first`),
      );
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child
        .on("error", reject)
        .on("close", (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? "SIGTERM"]));
    });
    if (!terminal) await groupEnded(child);
    return exitCode;
  } finally {
    restore();
  }
}

/** Waits until all that a detached child started has ended, which may outlive the child. */
async function groupEnded(child: ChildProcess): Promise<void> {
  while (child.pid !== undefined && signalGroup(child.pid, 0))
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch {
    return false;
  }
}
