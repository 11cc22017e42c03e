import type { Step } from "./results.ts";
import type { Observation } from "./side.ts";

/** What was used between two observations. */
export function difference(before: Observation, after: Observation): NonNullable<Step["used"]> {
  return {
    parts: after.parts.map(({ part, cpuSeconds, memoryMiB, logBytes }, index) => ({
      part,
      cpuSeconds: cpuSeconds - (before.parts[index]?.cpuSeconds ?? 0),
      memoryMiB,
      logBytes: logBytes - (before.parts[index]?.logBytes ?? 0),
    })),
    machineCpuSeconds: after.machineCpuSeconds - before.machineCpuSeconds,
    databaseBytes: after.databaseBytes - before.databaseBytes,
    databaseRows: after.databaseRows - before.databaseRows,
    connections: after.connections,
  };
}
