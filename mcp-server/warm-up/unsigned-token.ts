import { randomBytes } from "node:crypto";
import { CognitoJwtVerifier } from "aws-jwt-verify";
import type { JwksCache } from "aws-jwt-verify/jwk";

/** Whose tokens the server accepts. */
export interface TokenIssuer {
  readonly userPoolId: string;
  readonly clientId: string;
  readonly keys: JwksCache;
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

/**
 * A token that the pool did not sign: it takes the whole way through the verification, and is refused for its signature.
 * Fetches the pool's keys, which the verifier then has.
 */
export async function unsignedToken({ userPoolId, clientId, keys }: TokenIssuer): Promise<string> {
  const { issuer, jwksUri } = CognitoJwtVerifier.parseUserPoolId(userPoolId);
  const key = (await keys.getJwks(jwksUri)).keys.at(0);
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, client_id: clientId, token_use: "access", sub: "warm-up", iat: now };
  // As long as an RSA signature. The leading zero makes it smaller than the key's modulus, as a signature is.
  const signature = Buffer.concat([Buffer.alloc(1), randomBytes(255)]).toString("base64url");
  return `${encode({ kid: key?.kid, alg: "RS256" })}.${encode({ ...claims, exp: now + 600 })}.${signature}`;
}
