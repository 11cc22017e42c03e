import { setTimeout as wait } from "node:timers/promises";

/** Repeats `check` until it throws nothing, and gives its result. After the deadline it throws the last error. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeout = 5000, interval = 20 }: { readonly timeout?: number; readonly interval?: number } = {},
): Promise<T> {
  const deadline = performance.now() + timeout;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await wait(interval);
  }
}
