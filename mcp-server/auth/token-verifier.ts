import { CognitoJwtVerifier } from "aws-jwt-verify";
import {
  FetchError,
  JwksValidationError,
  JwkValidationError,
  JwtBaseError,
  JwtExpiredError,
} from "aws-jwt-verify/error";
import type { JwksCache } from "aws-jwt-verify/jwk";
import * as z from "zod";
import { HttpError } from "../http/respond.ts";
import { resourceMetadataUrl, resourceUrl, SCOPE } from "../oauth/metadata.ts";
import type { Authenticate } from "./authenticate.ts";
import { type Caller, groups, highestGroup } from "./caller.ts";
import { keySet } from "./key-set.ts";

export interface TokenPolicy {
  readonly userPoolId: string;
  readonly clientIds: readonly string[];
  /** Origin of this server, to which tokens may be bound. */
  readonly publicUrl: URL;
  /** Cache of the pool's public keys. @default - fetched from Cognito, and kept */
  readonly jwksCache?: JwksCache;
}

const claimsSchema = z.object({
  sub: z.string().min(1),
  client_id: z.string(),
  // The verifier accepts a token without an expiry.
  exp: z.number(),
  "cognito:groups": z.array(z.string()).default([]),
  origin_jti: z.string().optional(),
  jti: z.string().optional(),
  aud: z.union([z.string(), z.array(z.string())]).optional(),
});

/** Accepts access tokens of one user pool: signature, issuer, expiry, use, client and, where bound, audience. */
export function cognitoAuthentication(policy: TokenPolicy): Authenticate {
  const { publicUrl } = policy;
  const verifier = CognitoJwtVerifier.create(
    { userPoolId: policy.userPoolId, tokenUse: "access" as const, clientId: [...policy.clientIds] },
    { jwksCache: policy.jwksCache ?? keySet() },
  );

  const authenticate = async (authorization: string | undefined): Promise<VerifiedCaller> => {
    const token = /^Bearer +([\w.~+/-]+=*) *$/i.exec(authorization ?? "")?.[1];
    if (token === undefined)
      throw challenge(publicUrl, "Send a Cognito access token: Authorization: Bearer <token>.");
    const claims = claimsSchema.safeParse(
      await verifier.verify(token).catch((error: unknown) => {
        throw refused(publicUrl, error);
      }),
    );
    if (!claims.success) throw challenge(publicUrl, "The token's claims have another form.", "invalid_token");
    const { sub, client_id: clientId, exp, aud, origin_jti, jti, "cognito:groups": names } = claims.data;
    // A token bound to a resource (RFC 8707) has to be bound to this one.
    if (aud !== undefined && ![aud].flat().includes(resourceUrl(publicUrl)))
      throw challenge(publicUrl, "The token is bound to another resource.", "invalid_token");
    const group = highestGroup(names);
    if (group === undefined)
      // Without a challenge: a client that is told of insufficient scope sends the person to sign in again, for ever.
      throw new HttpError(
        403,
        `Your account is in none of the groups ${groups.join(", ")}, which open the chat's tools. Ask an administrator of the chat to add you to one, then sign in again.`,
      );
    return Object.freeze({
      id: sub,
      clientId,
      // All tokens of one sign-in share origin_jti; a client without revocation gives none.
      session: JSON.stringify([sub, origin_jti ?? jti ?? null]),
      group,
      expiresAt: exp * 1000,
    });
  };
  return cached(authenticate);
}

/** Time for which a verified token is accepted without another check. */
const CACHE_MS = 60_000;
const MAX_CACHED = 1000;

/** Verifying a signature takes longer than the rest of a request, so each token is verified once a minute. */
function cached(authenticate: (authorization: string | undefined) => Promise<VerifiedCaller>): Authenticate {
  const known = new Map<string, { readonly caller: VerifiedCaller; readonly until: number }>();
  return async (authorization) => {
    const now = Date.now();
    const hit = known.get(authorization ?? "");
    if (hit && now < hit.until) return hit.caller;
    const caller = await authenticate(authorization);
    if (known.size >= MAX_CACHED) known.clear();
    known.set(authorization ?? "", { caller, until: Math.min(now + CACHE_MS, caller.expiresAt) });
    return caller;
  };
}

interface VerifiedCaller extends Caller {
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Errors that are not the fault of the token. */
const keyErrors = [FetchError, JwksValidationError, JwkValidationError];

function refused(publicUrl: URL, cause: unknown): HttpError {
  if (cause instanceof HttpError) return cause;
  if (!(cause instanceof JwtBaseError) || keyErrors.some((keyError) => cause instanceof keyError))
    return new HttpError(500, "The user pool's keys cannot be read now. Try again in a minute.", { cause });
  // The exact problem would help those who forge tokens; only an expiry is told. The log gets it without a stack.
  return cause instanceof JwtExpiredError
    ? challenge(publicUrl, "The token has expired: sign in again.", "invalid_token")
    : challenge(publicUrl, "The token is not valid here.", "invalid_token", cause.message.slice(0, 200));
}

/** RFC 6750's challenge, with RFC 9728's pointer to the metadata from which clients learn how to sign in. */
function challenge(publicUrl: URL, message: string, error?: string, cause?: string): HttpError {
  const parameters = {
    resource_metadata: resourceMetadataUrl(publicUrl),
    scope: SCOPE,
    ...(error !== undefined && { error, error_description: message }),
  };
  const quoted = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`);
  return new HttpError(401, message, {
    headers: { "www-authenticate": `Bearer ${quoted.join(", ")}` },
    ...(cause !== undefined && { cause }),
  });
}
