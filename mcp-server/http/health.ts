import { version } from "../../shared/version.ts";
import type { BackendHealth, ChatBackend } from "../chat/backend.ts";
import { limits } from "../limits.ts";

/**
 * Liveness and readiness. Liveness tells what the last look at the backend found and never waits for one:
 * a slow backend is no reason to replace this server. Readiness looks now.
 */
export class Health {
  readonly #backend: ChatBackend;
  #last: (BackendHealth & { checked_at: string }) | undefined;
  #looking: Promise<BackendHealth> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(backend: ChatBackend) {
    this.#backend = backend;
  }

  watch(): void {
    void this.#look();
    this.#timer = setInterval(() => void this.#look(), limits.probeEveryMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Body of `/health`; the status is always 200. */
  liveness() {
    const backend = { type: this.#backend.name, ...(this.#last ?? { reachable: null }) };
    return { status: this.#last?.reachable === false ? "degraded" : "ok", version, backend };
  }

  /** Body of `/ready`; `ready` decides the status. */
  async readiness() {
    const now = await this.#look();
    return { ready: now.reachable, version, backend: { type: this.#backend.name, ...now } };
  }

  /** However many ask, the backend is asked once at a time. */
  #look(): Promise<BackendHealth> {
    this.#looking ??= this.#backend
      .health(AbortSignal.timeout(limits.probeMs))
      .then((health) => {
        this.#last = { ...health, checked_at: new Date().toISOString() };
        return health;
      })
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }
}
