import * as z from "zod";
import { isResource } from "./authorize.ts";
import { codeSchema } from "./callback.ts";
import type { Tokens } from "./cognito.ts";
import { OAuthError } from "./errors.ts";
import { resourceUrl, SCOPE } from "./metadata.ts";
import { sha256 } from "./seal.ts";
import type { SignIn } from "./sign-in.ts";

/** Cognito's refresh token, bound to the client that got it. */
const refreshSchema = z.object({ client: z.string(), token: z.string() });

/** The token endpoint: Cognito's access token, for a code or a refresh token. @throws OAuthError */
export async function token(signIn: SignIn, form: URLSearchParams): Promise<object> {
  const resource = resourceUrl(signIn.publicUrl);
  if (!form.getAll("resource").every((asked) => isResource(asked, resource)))
    throw new OAuthError("invalid_target", `resource: must be ${resource}`);
  const client = sha256(required(form, "client_id"));
  switch (required(form, "grant_type")) {
    case "authorization_code":
      return answer(signIn, client, await byCode(signIn, client, form));
    case "refresh_token":
      return refreshed(signIn, client, form);
    default:
      throw new OAuthError(
        "unsupported_grant_type",
        "grant_type: must be authorization_code or refresh_token",
      );
  }
}

/** A code is good for a minute. That it works once only is Cognito's doing, whose own code in it does. */
async function byCode({ sealer, cognito }: SignIn, client: string, form: URLSearchParams): Promise<Tokens> {
  const code = await sealer.open("code", codeSchema, required(form, "code"));
  if (
    !code ||
    code.client !== client ||
    code.redirectUri !== required(form, "redirect_uri") ||
    code.codeChallenge !== sha256(required(form, "code_verifier"))
  )
    throw new OAuthError(
      "invalid_grant",
      "The code has expired, or belongs to another client, address or code_verifier: sign in again.",
    );
  return cognito.exchange(code.cognitoCode, code.codeVerifier);
}

async function refreshed(signIn: SignIn, client: string, form: URLSearchParams): Promise<object> {
  const grant = await signIn.sealer.open("refresh", refreshSchema, required(form, "refresh_token"));
  if (grant?.client !== client)
    throw new OAuthError(
      "invalid_grant",
      "The refresh token belongs to another client, or is too old: sign in again.",
    );
  const tokens = await signIn.cognito.refresh(grant.token);
  // Sealed again even where Cognito keeps its token, so that a sign-in in use outlives rotations of the key.
  return answer(signIn, client, { ...tokens, refresh_token: tokens.refresh_token ?? grant.token });
}

const answer = async ({ sealer }: SignIn, client: string, tokens: Tokens) => ({
  access_token: tokens.access_token,
  token_type: "Bearer",
  expires_in: tokens.expires_in,
  scope: SCOPE,
  ...(tokens.refresh_token !== undefined && {
    refresh_token: await sealer.seal("refresh", {
      client,
      token: tokens.refresh_token,
    } satisfies z.infer<typeof refreshSchema>),
  }),
});

/**
 * The revocation endpoint (RFC 7009): ends a sign-in by its refresh token. An access token that was given out stays valid
 * until it expires.
 * @throws OAuthError
 */
export async function revoke({ sealer, cognito }: SignIn, form: URLSearchParams): Promise<void> {
  const given = required(form, "token");
  const client = sha256(required(form, "client_id"));
  const grant = await sealer.open("refresh", refreshSchema, given);
  if (grant?.client === client) return cognito.revoke(grant.token);
  // Cognito's access tokens have three parts; what we seal has five. Any other text was never a token,
  // so that there is nothing to revoke.
  if (given.split(".").length === 3)
    throw new OAuthError(
      "unsupported_token_type",
      "Send the refresh token: an access token can't be revoked.",
    );
}

function required(form: URLSearchParams, name: string): string {
  const values = form.getAll(name);
  const [value] = values;
  if (value !== undefined && value !== "" && values.length === 1) return value;
  throw new OAuthError("invalid_request", `${name}: must be there once`);
}
