import { setTimeout as delay } from "node:timers/promises";
import type { TargetGroupDefinition } from "./state.ts";

export type TargetState = "initial" | "healthy" | "unhealthy" | "draining";

interface Target {
  readonly address: string;
  readonly port: number;
  state: TargetState;
  readonly stopped: AbortController;
}

/** Tasks by IP address, with the load balancer's health checks. */
export class TargetGroup {
  readonly definition: TargetGroupDefinition;
  readonly #haste: number;
  readonly #targets = new Map<string, Target>();

  /** @param haste divides intervals of health checks and the deregistration delay */
  constructor(definition: TargetGroupDefinition, haste: number) {
    this.definition = definition;
    this.#haste = haste;
  }

  /** Targets with their state. */
  get targets(): readonly { readonly address: string; readonly port: number; readonly state: TargetState }[] {
    return [...this.#targets.values()];
  }

  stateOf(address: string): TargetState | undefined {
    return this.#targets.get(address)?.state;
  }

  /** URLs that receive requests: those of the healthy ones, or of all where none is, as a load balancer does. */
  get urls(): readonly string[] {
    const registered = this.targets.filter(({ state }) => state !== "draining");
    const healthy = registered.filter(({ state }) => state === "healthy");
    const unhealthy = registered.filter(({ state }) => state === "unhealthy");
    return (healthy.length > 0 ? healthy : unhealthy).map(({ address, port }) => `http://${address}:${port}`);
  }

  register(address: string, port: number): void {
    const target: Target = { address, port, state: "initial", stopped: new AbortController() };
    this.#targets.set(address, target);
    void this.#check(target);
  }

  /** Sends no new request to the target; ends when those that it works on had time to finish. */
  async deregister(address: string): Promise<void> {
    const target = this.#targets.get(address);
    if (!target) return;
    target.state = "draining";
    target.stopped.abort();
    await delay((this.definition.deregistration_delay * 1000) / this.#haste);
    this.#targets.delete(address);
  }

  /** Ends all health checks. */
  stop(): void {
    for (const { stopped } of this.#targets.values()) stopped.abort();
    this.#targets.clear();
  }

  async #check(target: Target): Promise<void> {
    const { path, matcher, interval, timeout, healthy_threshold, unhealthy_threshold } =
      this.definition.health_check;
    const { signal } = target.stopped;
    let [passed, failed] = [0, 0];
    while (!signal.aborted) {
      const status = await fetch(`http://${target.address}:${target.port}${path}`, {
        redirect: "manual",
        signal: AbortSignal.timeout(timeout * 1000),
        headers: { connection: "close", "user-agent": "ELB-HealthChecker/2.0" },
      }).then(
        async (response) => {
          await response.arrayBuffer();
          return response.status;
        },
        () => undefined,
      );
      if (signal.aborted) return;
      const success = status !== undefined && matches(matcher, status);
      [passed, failed] = success ? [passed + 1, 0] : [0, failed + 1];
      // The first check after the registration decides by itself.
      const needed = target.state === "initial" ? 1 : healthy_threshold;
      if (passed >= needed) target.state = "healthy";
      else if (failed >= unhealthy_threshold) target.state = "unhealthy";
      await delay((interval * 1000) / this.#haste, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Whether a status is one of `200`, `200,301` or `200-299`. */
const matches = (matcher: string, status: number): boolean =>
  matcher.split(",").some((part) => {
    const [from, to = from] = part.split("-").map(Number);
    return status >= Number(from) && status <= Number(to);
  });
