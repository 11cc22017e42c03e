import type { ChildProcess } from "node:child_process";

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

/** Waits until all that a detached child started has ended, which may outlive the child. */
export async function groupEnded(child: ChildProcess): Promise<void> {
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
