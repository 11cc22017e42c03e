import { createHash, timingSafeEqual } from "node:crypto";
import type { Secret } from "../shared/secret.ts";

/** Time between two reads of a secret that callers got wrong, so that they cannot cause many calls to AWS. */
const RECHECK_AFTER_MS = 30_000;

/** Tells whether a caller knows the webhook's secret. */
export type VerifyWebhookSecret = (presented: string, signal: AbortSignal) => Promise<boolean>;

/** Compares in constant time. After a mismatch the secret is read again, because it may have been rotated. */
export function webhookVerifier(secret: Secret): VerifyWebhookSecret {
  let recheckedAt = Number.NEGATIVE_INFINITY;
  return async (presented, signal) => {
    if (isEqual(presented, await secret.read(signal))) return true;
    if (Date.now() - recheckedAt < RECHECK_AFTER_MS) return false;
    recheckedAt = Date.now();
    return isEqual(presented, await secret.readAgain(signal));
  };
}

// The comparison needs texts of one length; hashes have it and hide the length of the secret.
const isEqual = (one: string, other: string) => timingSafeEqual(sha256(one), sha256(other));

const sha256 = (text: string) => createHash("sha256").update(text).digest();
