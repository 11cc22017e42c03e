import { createHmac, createSign, generateKeyPairSync } from "node:crypto";
import { keySet } from "../../mcp-server/auth/key-set.ts";

export const USER_POOL = "us-east-1_Example01";
export const CLIENT = "agent-client-id";
const ISSUER = `https://cognito-idp.us-east-1.amazonaws.com/${USER_POOL}`;

// A pair takes a third of a second of CPU time, so none is made before a token or the key set is asked for.
const newKeys = () => generateKeyPairSync("rsa", { modulusLength: 2048 });
let made: ReturnType<typeof newKeys> | undefined;
const poolPair = () => {
  made ??= newKeys();
  return made;
};
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

export interface TokenParts {
  readonly groups?: readonly string[];
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  /** Signed with the pool's key, with somebody else's, not at all, or with the public key as an HMAC secret. */
  readonly signature?: "pool" | "stranger" | "none" | "hmac";
}

/** An access token as Cognito issues them; a claim set to undefined is left out. */
export function token({
  groups = ["admin"],
  claims = {},
  header = {},
  signature = "pool",
}: TokenParts = {}): string {
  const now = Math.floor(Date.now() / 1000);
  const signed = `${encode({ kid: "key-1", alg: "RS256", ...header })}.${encode({
    sub: "caller-sub",
    iss: ISSUER,
    client_id: CLIENT,
    token_use: "access",
    scope: "aws.cognito.signin.user.admin",
    username: "caller",
    iat: now,
    exp: now + 3600,
    ...(groups.length > 0 && { "cognito:groups": groups }),
    ...claims,
  })}`;
  if (signature === "none") return `${signed}.`;
  if (signature === "hmac") {
    const secret = poolPair().publicKey.export({ type: "spki", format: "pem" });
    return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
  }
  const { privateKey } = signature === "pool" ? poolPair() : newKeys();
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(privateKey, "base64url")}`;
}

/** The pool's key set. */
export const poolJwks = () => ({
  keys: [{ ...poolPair().publicKey.export({ format: "jwk" }), kid: "key-1", alg: "RS256", use: "sig" }],
});

/** The pool's keys, as if fetched from Cognito. */
export const poolKeys = (fetch: () => Promise<void> = () => Promise.resolve()) =>
  keySet({
    fetch: async () => {
      await fetch();
      return new TextEncoder().encode(JSON.stringify(poolJwks())).buffer;
    },
  });
