import * as z from "zod";
import { limits } from "../limits.ts";
import { OAuthError } from "./errors.ts";

/** The user pool's side: the server is its client, with one callback. */
export interface CognitoSignIn {
  /** Where the browser goes. */
  authorizeUrl(state: string, codeChallenge: string): string;
  /** @throws OAuthError `invalid_grant`, or `temporarily_unavailable` */
  exchange(code: string, codeVerifier: string): Promise<Tokens>;
  /** @throws OAuthError `invalid_grant`, or `temporarily_unavailable` */
  refresh(refreshToken: string): Promise<Tokens>;
  /** Ends a sign-in. @throws OAuthError `temporarily_unavailable` */
  revoke(refreshToken: string): Promise<void>;
}

export type Tokens = z.infer<typeof tokensSchema>;

export interface CognitoClientSettings {
  /** Origin of the pool's hosted pages. */
  readonly origin: string;
  /** Public client. */
  readonly clientId: string;
  readonly callbackUrl: string;
  /** @default - Node.js's own */
  readonly fetch?: typeof fetch;
}

/** Origin of a user pool's hosted pages, from its domain: a prefix or a full host name. */
export const hostedOrigin = (domain: string, region: string): string =>
  `https://${domain.includes(".") ? domain : `${domain}.auth.${region}.amazoncognito.com`}`;

// The ID token is left out: it is for this client of the pool, and nobody else.
const tokensSchema = z.object({
  access_token: z.string().min(1),
  expires_in: z.number(),
  // With rotation of refresh tokens, a refresh gives a new one; without, none.
  refresh_token: z.string().optional(),
});
const errorSchema = z.object({ error: z.string() });

/** Cognito refuses a code or refresh token that is used, revoked, expired or of another client with this code. */
const REFUSED = "invalid_grant";

export function cognitoSignIn(settings: CognitoClientSettings): CognitoSignIn {
  const { origin, clientId, callbackUrl, fetch: send = fetch } = settings;

  const post = async (path: string, form: Readonly<Record<string, string>>): Promise<Response> => {
    try {
      return await send(`${origin}${path}`, {
        method: "POST",
        body: new URLSearchParams({ client_id: clientId, ...form }),
        redirect: "error",
        signal: AbortSignal.timeout(limits.backendMs),
      });
    } catch (cause) {
      throw unavailable(cause);
    }
  };
  const tokens = async (form: Readonly<Record<string, string>>): Promise<Tokens> => {
    const response = await post("/oauth2/token", form);
    const body: unknown = await response.json().catch((cause: unknown) => {
      throw unavailable(cause);
    });
    if (response.ok) {
      const parsed = tokensSchema.safeParse(body);
      if (parsed.success) return parsed.data;
      throw unavailable(parsed.error);
    }
    const error = errorSchema.safeParse(body).data?.error;
    if (error === REFUSED)
      throw new OAuthError(REFUSED, "The sign-in was used already, has expired or was ended: sign in again.");
    throw unavailable(new Error(`Cognito answered ${response.status} ${error?.slice(0, 100)}`));
  };

  return {
    authorizeUrl: (state, codeChallenge) =>
      `${origin}/oauth2/authorize?${new URLSearchParams({
        response_type: "code",
        client_id: clientId,
        redirect_uri: callbackUrl,
        // Cognito wants a scope, and this is the least: the access token names the groups whatever is asked for.
        scope: "openid",
        code_challenge: codeChallenge,
        code_challenge_method: "S256",
        state,
      })}`,
    exchange: (code, codeVerifier) =>
      tokens({
        grant_type: "authorization_code",
        code,
        redirect_uri: callbackUrl,
        code_verifier: codeVerifier,
      }),
    refresh: (refreshToken) => tokens({ grant_type: "refresh_token", refresh_token: refreshToken }),
    async revoke(refreshToken) {
      const response = await post("/oauth2/revoke", { token: refreshToken });
      await response.body?.cancel();
      // A token that no longer counts is revoked (RFC 7009), and Cognito says 400 of it.
      if (response.status >= 500) throw unavailable(new Error(`Cognito answered ${response.status}`));
    },
  };
}

// Not 503, for which Cloudflare would mark the whole origin as down.
const unavailable = (cause: unknown) =>
  new OAuthError("temporarily_unavailable", "The user pool can't be reached now. Try again in a minute.", {
    status: 500,
    cause,
  });
