import { version } from "../shared/version.ts";
import type { BackendHealth, ChatBackend } from "./chat/backend.ts";
import { limits } from "./limits.ts";

/**
 * Liveness and readiness. Liveness reports the last probe of the backend and never waits for one, because a slow
 * backend is no reason to replace this server. Readiness probes the backend.
 */
export class Health {
  readonly #backend: ChatBackend;
  #last: (BackendHealth & { checked_at: string }) | undefined;
  #probing: Promise<BackendHealth> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the server still warms up, so that load balancers must wait. */
  starting = false;

  constructor(backend: ChatBackend) {
    this.#backend = backend;
  }

  watch(): void {
    void this.#probe();
    this.#timer = setInterval(() => void this.#probe(), limits.probeEveryMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Ends the warm-up, during which a probe may have been too slow. */
  async warmedUp(): Promise<void> {
    await this.#probe();
    this.starting = false;
  }

  /** Body of `/health`. The status `starting` alone counts as unhealthy. */
  liveness() {
    const backend = { type: this.#backend.name, ...(this.#last ?? { reachable: null }) };
    const status = this.starting ? "starting" : this.#last?.reachable === false ? "degraded" : "ok";
    return { status, version, backend };
  }

  /** Body of `/ready`; `ready` decides the status. */
  async readiness() {
    const now = await this.#probe();
    return { ready: now.reachable && !this.starting, version, backend: { type: this.#backend.name, ...now } };
  }

  /** Probes the backend, with only one probe at a time. */
  #probe(): Promise<BackendHealth> {
    this.#probing ??= this.#backend
      .health(AbortSignal.timeout(limits.probeMs))
      .then((health) => {
        this.#last = { ...health, checked_at: new Date().toISOString() };
        return health;
      })
      .finally(() => {
        this.#probing = undefined;
      });
    return this.#probing;
  }
}
