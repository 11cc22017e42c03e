import { limits } from "../limits.ts";

interface Bucket {
  tokens: number;
  at: number;
}

/** A token bucket for each caller; it holds times and counts, nothing of a request. */
export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #now: () => number;

  /** @param now milliseconds on a clock that never goes back */
  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#burst = Math.max(1, perSecond * 3);
    this.#now = now;
  }

  /** Takes `count` requests from the caller's bucket, or gives the milliseconds until it may hold them. */
  take(caller: string, count = 1): number | undefined {
    const now = this.#now();
    const bucket = this.#buckets.get(caller) ?? { tokens: this.#burst, at: now };
    bucket.tokens = Math.min(this.#burst, bucket.tokens + ((now - bucket.at) / 1000) * this.#perSecond);
    bucket.at = now;
    this.#remember(caller, bucket);
    // More than a burst at once could never be paid: it empties the bucket instead.
    const price = Math.min(count, this.#burst);
    // A hair's breadth of rounding must not make whoever waited as told wait again.
    if (bucket.tokens >= price - 1e-6) {
      bucket.tokens = Math.max(0, bucket.tokens - price);
      return undefined;
    }
    return Math.ceil(((price - bucket.tokens) / this.#perSecond) * 1000);
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
