import { setTimeout as delay } from "node:timers/promises";
import type { Container } from "./container.ts";
import type { ContainerDefinition } from "./task-definition.ts";

export type Health = "UNKNOWN" | "HEALTHY" | "UNHEALTHY";
type HealthCheck = NonNullable<ContainerDefinition["healthCheck"]>;

/**
 * Counts results as ECS does: one success is healthy; `retries` failures in a row are unhealthy, but not those within
 * the start period before the first success.
 */
export function healthCounter({ retries, startPeriod }: HealthCheck) {
  let health: Health = "UNKNOWN";
  let failures = 0;
  return (passed: boolean, secondsSinceStart: number): Health => {
    if (passed) {
      failures = 0;
      health = "HEALTHY";
    } else if (health !== "UNKNOWN" || secondsSinceStart >= startPeriod) {
      failures++;
      if (failures >= retries) health = "UNHEALTHY";
    }
    return health;
  };
}

/** Runs a container's health check until `signal` is aborted, and reports each change. */
export async function watchHealth(
  container: Container,
  check: HealthCheck,
  report: (health: Health) => void,
  signal: AbortSignal,
): Promise<void> {
  const [kind, ...words] = check.command;
  const command = kind === "CMD" ? words : ["/bin/sh", "-c", words.join(" ")];
  const count = healthCounter(check);
  const started = performance.now();
  let before: Health = "UNKNOWN";
  while (!signal.aborted) {
    await delay(check.interval * 1000, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const passed = (await container.exec(command, check.timeout)) === 0;
    const now = count(passed, (performance.now() - started) / 1000);
    if (now !== before) report(now);
    before = now;
  }
}
