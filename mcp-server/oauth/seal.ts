import { createHash, hkdfSync } from "node:crypto";
import { EncryptJWT, errors, jwtDecrypt } from "jose";
import * as z from "zod";

/** What a sealed text is for. One that is sealed for one purpose does not open for another. */
export type Purpose = "client" | "state" | "code" | "refresh";

/** Seals content into texts that pass through clients and browsers, so that the server stores nothing. */
export interface Sealer {
  /** @param seconds after which it no longer opens. @default - never */
  seal(purpose: Purpose, content: object, seconds?: number): Promise<string>;
  /** The content; `undefined` if the text was not sealed here for this purpose, or has expired. */
  open<T>(purpose: Purpose, schema: z.ZodType<T>, sealed: string): Promise<T | undefined>;
}

const payloadSchema = z.object({ content: z.unknown() });
const algorithms = { keyManagementAlgorithms: ["dir"], contentEncryptionAlgorithms: ["A256GCM"] };

/**
 * Encrypts and authenticates with AES-256-GCM, as JWE.
 * @param secret seals and opens
 * @param previous opens only: what was sealed before the last rotation
 */
export function createSealer(secret: string, previous?: string): Sealer {
  const current = derive(secret);
  const keys = new Map([current, ...(previous === undefined ? [] : [derive(previous)])]);
  const [kid, key] = current;

  return {
    seal(purpose, content, seconds) {
      const token = new EncryptJWT({ content }).setProtectedHeader({
        alg: "dir",
        enc: "A256GCM",
        kid,
        typ: purpose,
      });
      if (seconds !== undefined) token.setExpirationTime(Math.floor(Date.now() / 1000) + seconds);
      return token.encrypt(key);
    },
    async open(purpose, schema, sealed) {
      try {
        const keyOf = (header: { kid?: string }) => {
          const found = keys.get(header.kid ?? "");
          if (found) return found;
          throw new errors.JWEDecryptionFailed("unknown key");
        };
        const { payload } = await jwtDecrypt(sealed, keyOf, { ...algorithms, typ: purpose });
        return schema.safeParse(payloadSchema.parse(payload).content).data;
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}

/** The key and its name, both from the secret. */
function derive(secret: string): [string, Uint8Array] {
  const key = new Uint8Array(hkdfSync("sha256", secret, "", "phenom-chat sign-in", 32));
  return [sha256(key).slice(0, 8), key];
}

/** SHA-256 in base64url, as PKCE's `S256` has it. */
export const sha256 = (data: string | Uint8Array): string =>
  createHash("sha256").update(data).digest("base64url");
