import { limits } from "./limits.ts";

interface Bucket {
  tokens: number;
  at: number;
}

/** A token bucket for each caller, which holds only times and counts. */
export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #now: () => number;

  /** @param now milliseconds of a monotonic clock */
  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#burst = Math.max(1, perSecond * 3);
    this.#now = now;
  }

  /** Consumes `count` tokens. @returns the milliseconds until there are enough, if there are not */
  consume(caller: string, count = 1): number | undefined {
    const now = this.#now();
    const bucket = this.#buckets.get(caller) ?? { tokens: this.#burst, at: now };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) / 1000) * this.#perSecond);
    bucket.at = now;
    this.#remember(caller, bucket);
    // More than the bucket can hold empties the bucket.
    const cost = Math.min(count, this.#burst);
    // Rounding must not make a caller who waited as told wait again.
    if (bucket.tokens >= cost - 1e-6) {
      bucket.tokens = Math.max(0, bucket.tokens - cost);
      return undefined;
    }
    return Math.ceil(((cost - bucket.tokens) / this.#perSecond) * 1000);
  }

  #remember(caller: string, bucket: Bucket): void {
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size <= limits.rememberedCallers) return;
    for (const oldest of this.#buckets.keys()) {
      this.#buckets.delete(oldest);
      return;
    }
  }
}
