import { setMaxListeners } from "node:events";

/**
 * Runs `work` with a signal that aborts with `signal`'s reason, or with `late()` after `milliseconds`, whichever is
 * first. Rejects with that reason as soon as it aborts, whatever `work` does then.
 */
export async function withDeadline<Result>(
  signal: AbortSignal | undefined,
  milliseconds: number,
  late: () => Error,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  signal?.throwIfAborted();
  // One call may wait for a page of link previews; Node.js warns of a leak where a signal has so many listeners.
  if (signal) setMaxListeners(0, signal);
  const controller = new AbortController();
  const leave = () => controller.abort(signal?.reason);
  const timer = setTimeout(() => controller.abort(late()), milliseconds);
  signal?.addEventListener("abort", leave, { once: true });
  try {
    return await new Promise<Result>((resolve, reject) => {
      controller.signal.addEventListener("abort", () => reject(controller.signal.reason), { once: true });
      work(controller.signal).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", leave);
  }
}
