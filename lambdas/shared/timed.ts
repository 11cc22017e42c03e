/** Runs a step and notes its milliseconds under a name, also where it fails. */
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
