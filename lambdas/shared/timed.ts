/** Runs a step and records its duration in milliseconds, even if it fails. */
export async function timed<T>(
  latencies: Record<string, number>,
  name: string,
  step: () => Promise<T>,
): Promise<T> {
  const started = performance.now();
  try {
    return await step();
  } finally {
    latencies[name] = performance.now() - started;
  }
}
