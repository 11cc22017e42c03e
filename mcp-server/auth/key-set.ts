import { WaitPeriodNotYetEndedJwkError } from "aws-jwt-verify/error";
import { type Fetcher, SimpleFetcher } from "aws-jwt-verify/https";
import { type PenaltyBox, SimpleJwksCache } from "aws-jwt-verify/jwk";
import { HttpError } from "../http/respond.ts";
import { RateLimit } from "../rate-limit.ts";

/** Milliseconds for which a key that the pool does not have is not looked for again. */
const UNKNOWN_MS = 10_000;
const MAX_UNKNOWN = 1000;
/** How often the key set is read at most, each second. */
const READS_PER_SECOND = 1;

/**
 * The pool's public keys, read again when a token names one that is not among them. The library's own cache then stops
 * reading for ten seconds, so that one stranger with a made-up key id would keep everybody's new keys out. Here each id
 * waits for itself, and all together are limited.
 */
export const keySet = (fetcher: Fetcher = patientFetcher()): SimpleJwksCache =>
  new SimpleJwksCache({ penaltyBox: new PenaltyByKey(), fetcher });

/** The library's own limits are shorter than a new task on a quarter of a core may stand still. */
const patientFetcher = () =>
  new SimpleFetcher({ defaultRequestOptions: { timeout: PATIENCE_MS, responseTimeout: PATIENCE_MS } });
const PATIENCE_MS = 4_000;

class PenaltyByKey implements PenaltyBox {
  readonly #unknown = new Map<string, number>();
  readonly #reads = new RateLimit(READS_PER_SECOND);

  async wait(_uri: string, kid: string): Promise<void> {
    if (performance.now() < (this.#unknown.get(kid) ?? 0))
      throw new WaitPeriodNotYetEndedJwkError(
        "the key was looked for just now, and the pool does not have it",
      );
    const wait = this.#reads.consume("all");
    if (wait === undefined) return;
    // Not 401, for which a client would throw a good token away.
    const seconds = Math.ceil(wait / 1000);
    throw new HttpError(429, `The token's key is not known yet. Try again in ${seconds} s.`, {
      headers: { "retry-after": String(seconds) },
    });
  }

  registerFailedAttempt(_uri: string, kid: string): void {
    if (this.#unknown.size >= MAX_UNKNOWN) this.#unknown.clear();
    this.#unknown.set(kid, performance.now() + UNKNOWN_MS);
  }

  registerSuccessfulAttempt(_uri: string, kid: string): void {
    this.#unknown.delete(kid);
  }

  release(_uri: string, kid?: string): void {
    if (kid !== undefined) this.#unknown.delete(kid);
  }
}
