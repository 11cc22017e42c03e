/**
 * Runs a task that must be over in time: its signal aborts then, and whatever it still waits for, this ends.
 *
 * @throws Error once the time is over, else what the task throws
 */
export async function withinBudget<T>(
  milliseconds: number,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const over = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  const timer = setTimeout(
    () => controller.abort(new Error(`not done within ${milliseconds} ms`)),
    milliseconds,
  );
  try {
    return await Promise.race([task(signal), over]);
  } finally {
    clearTimeout(timer);
  }
}
