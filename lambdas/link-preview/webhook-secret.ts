import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "../shared/secret.ts";

/** Least time between two looks at a secret that callers got wrong: they must not spend our calls to AWS. */
const lookAgainAfterMs = 30_000;

/** Decides whether a caller knows the webhook's secret. */
export type Gate = (shown: string, signal: AbortSignal) => Promise<boolean>;

/** Compares in constant time; a secret that does not match is read again, because it may have been rotated. */
export function webhookGate(secret: Secret): Gate {
  let lookedAgainAt = Number.NEGATIVE_INFINITY;
  return async (shown, signal) => {
    if (isEqual(shown, await secret.read(signal))) return true;
    if (Date.now() - lookedAgainAt < lookAgainAfterMs) return false;
    lookedAgainAt = Date.now();
    return isEqual(shown, await secret.readAgain(signal));
  };
}

// Hashes are of one length, which is what the comparison needs and what hides the secret's.
const isEqual = (one: string, other: string) => timingSafeEqual(sha256(one), sha256(other));

const sha256 = (text: string) => createHash("sha256").update(text).digest();
