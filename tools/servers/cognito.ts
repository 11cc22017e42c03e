import { createHash, createSign, generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { Site } from "./internet.ts";

export interface CognitoUser {
  readonly username: string;
  /** @default - a new UUID */
  readonly sub?: string;
  readonly email: string;
  readonly emailVerified?: boolean;
  readonly name?: string;
  readonly preferredUsername?: string;
  /** @default - none */
  readonly groups?: readonly string[];
}

export interface CognitoClient {
  readonly region: string;
  readonly userPoolId: string;
  readonly domainHost: string;
  readonly clientId: string;
  /** @default - a public client */
  readonly clientSecret?: string;
  readonly callbackUrl: string;
  /** Whether a refresh gives a new refresh token and ends the former one, without a time of grace. @default false */
  readonly rotatesRefreshTokens?: boolean;
}

/** A user pool's OpenID Connect side, as the Amazon Cognito developer guide describes its endpoints. */
export interface Cognito {
  readonly sites: Readonly<Record<string, Site>>;
  /** As `.well-known/jwks.json` has it: two keys, one of which signs ID tokens. */
  readonly jwks: { readonly keys: readonly Readonly<Record<string, string>>[] };
  /** The person signs in on the page at `authorizeUrl`: returns where the browser goes next. */
  signIn(authorizeUrl: string, user: CognitoUser): string;
  /** An ID token as the mobile app gets one from its own sign-in. */
  idToken(user: CognitoUser, options?: { audience?: string; issuer?: string; expiresIn?: number }): string;
}

const scopes = ["openid", "email", "profile"];

export function createCognito(client: CognitoClient): Cognito {
  const issuer = `https://cognito-idp.${client.region}.amazonaws.com/${client.userPoolId}`;
  const [idKey, accessKey] = [signingKey(), signingKey()];
  const jwks = { keys: [accessKey.jwk, idKey.jwk] };
  const codes = new Map<string, { user: CognitoUser; nonce: string; challenge: string }>();
  const accessTokens = new Map<string, CognitoUser>();
  const refreshTokens = new Map<string, CognitoUser>();

  const idToken: Cognito["idToken"] = (user, options = {}) =>
    signToken(idKey, claims(user, issuer, client.clientId, options));

  const tokens = (user: CognitoUser, nonce: string, refreshToken?: string) => {
    const accessToken = signToken(accessKey, accessClaims(user, issuer, client.clientId));
    accessTokens.set(accessToken, user);
    const atHash = createHash("sha256").update(accessToken).digest().subarray(0, 16).toString("base64url");
    const body = { ...claims(user, issuer, client.clientId), nonce, at_hash: atHash };
    return {
      id_token: signToken(idKey, body),
      access_token: accessToken,
      ...(refreshToken !== undefined && { refresh_token: refreshToken }),
      token_type: "Bearer",
      expires_in: 3600,
    };
  };
  const newRefreshToken = (user: CognitoUser) => {
    const refreshToken = randomBytes(32).toString("base64url");
    refreshTokens.set(refreshToken, user);
    return refreshToken;
  };
  /** The form, if the client proves itself as it must: with its secret, or by its id where it has none. */
  const formOf = async (request: IncomingMessage) => {
    const form = new URLSearchParams(await text(request));
    const { clientId, clientSecret } = client;
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString("base64");
    const known =
      clientSecret === undefined
        ? form.get("client_id") === clientId
        : request.headers.authorization === `Basic ${basic}`;
    return known ? form : undefined;
  };
  const token = async (request: IncomingMessage, response: ServerResponse) => {
    const form = await formOf(request);
    if (!form) return json(response, 400, { error: "invalid_client" });
    if (form.get("grant_type") === "refresh_token") {
      const shown = form.get("refresh_token") ?? "";
      const user = refreshTokens.get(shown);
      if (!user) return json(response, 400, { error: "invalid_grant" });
      if (!client.rotatesRefreshTokens) return json(response, 200, tokens(user, ""));
      refreshTokens.delete(shown);
      return json(response, 200, tokens(user, "", newRefreshToken(user)));
    }
    const grant = codes.get(form.get("code") ?? "");
    codes.delete(form.get("code") ?? "");
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    const valid =
      grant &&
      form.get("grant_type") === "authorization_code" &&
      form.get("redirect_uri") === client.callbackUrl &&
      challenge === grant.challenge;
    if (!valid) return json(response, 400, { error: "invalid_grant" });
    json(response, 200, tokens(grant.user, grant.nonce, newRefreshToken(grant.user)));
  };
  const revoke = async (request: IncomingMessage, response: ServerResponse) => {
    const form = await formOf(request);
    if (!form) return json(response, 400, { error: "invalid_client" });
    refreshTokens.delete(form.get("token") ?? "");
    response.writeHead(200).end();
  };

  return {
    jwks,
    idToken,
    sites: {
      [`cognito-idp.${client.region}.amazonaws.com`]: (request, response) =>
        request.url === `/${client.userPoolId}/.well-known/jwks.json`
          ? json(response, 200, jwks)
          : json(response, 404, {}),
      [client.domainHost]: (request, response) => {
        if (request.method === "POST" && request.url === "/oauth2/token") return token(request, response);
        if (request.method === "POST" && request.url === "/oauth2/revoke") return revoke(request, response);
        const user = accessTokens.get((request.headers.authorization ?? "").replace("Bearer ", ""));
        if (request.url !== "/oauth2/userInfo" || !user)
          return json(response, 401, { error: "invalid_token" });
        const { email, username } = user;
        json(response, 200, { sub: subject(user), username, email, email_verified: emailVerified(user) });
      },
    },
    signIn(authorizeUrl, user) {
      const url = new URL(authorizeUrl);
      const asked = (name: string) => url.searchParams.get(name) ?? "";
      const mistakes = [
        url.origin !== `https://${client.domainHost}` && "host",
        url.pathname !== "/oauth2/authorize" && "path",
        asked("client_id") !== client.clientId && "client_id",
        asked("response_type") !== "code" && "response_type",
        asked("redirect_uri") !== client.callbackUrl && "redirect_uri",
        asked("scope")
          .split(" ")
          .some((scope) => !scopes.includes(scope)) && "scope",
        asked("code_challenge_method") !== "S256" && "code_challenge_method",
        asked("code_challenge") === "" && "code_challenge",
      ].filter(Boolean);
      if (mistakes.length) throw new Error(`Cognito refuses ${authorizeUrl}: ${mistakes.join(", ")}`);
      const code = randomUUID();
      codes.set(code, { user, nonce: asked("nonce"), challenge: asked("code_challenge") });
      return `${client.callbackUrl}?${new URLSearchParams({ code, state: asked("state") })}`;
    },
  };
}

const subjects = new WeakMap<CognitoUser, string>();

export function subject(user: CognitoUser): string {
  const known = user.sub ?? subjects.get(user) ?? randomUUID();
  subjects.set(user, known);
  return known;
}

const emailVerified = (user: CognitoUser) => String(user.emailVerified ?? true);

function claims(
  user: CognitoUser,
  issuer: string,
  clientId: string,
  options: { audience?: string; issuer?: string; expiresIn?: number } = {},
) {
  const now = Math.floor(Date.now() / 1000);
  return {
    sub: subject(user),
    iss: options.issuer ?? issuer,
    aud: options.audience ?? clientId,
    token_use: "id",
    "cognito:username": user.username,
    email: user.email,
    email_verified: emailVerified(user),
    ...(user.name && { name: user.name }),
    ...(user.preferredUsername && { preferred_username: user.preferredUsername }),
    auth_time: now,
    iat: now,
    exp: now + (options.expiresIn ?? 3600),
    jti: randomUUID(),
  };
}

function accessClaims(user: CognitoUser, issuer: string, clientId: string) {
  const now = Math.floor(Date.now() / 1000);
  return {
    sub: subject(user),
    iss: issuer,
    client_id: clientId,
    token_use: "access",
    scope: "openid",
    username: user.username,
    ...(user.groups && { "cognito:groups": user.groups }),
    auth_time: now,
    iat: now,
    exp: now + 3600,
    origin_jti: randomUUID(),
    jti: randomUUID(),
  };
}

export function signingKey() {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const { n = "", e = "" } = publicKey.export({ format: "jwk" });
  const kid = randomBytes(32).toString("base64");
  return { privateKey, kid, jwk: { alg: "RS256", e, kid, kty: "RSA", n, use: "sig" } };
}

export function signToken({ privateKey, kid }: ReturnType<typeof signingKey>, payload: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${part({ kid, alg: "RS256" })}.${part(payload)}`;
  return `${signed}.${createSign("RSA-SHA256").update(signed).sign(privateKey, "base64url")}`;
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json;charset=UTF-8" }).end(JSON.stringify(body));
}
