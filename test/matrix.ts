import { randomUUID } from "node:crypto";
import { type IncomingHttpHeaders, request } from "node:http";
import * as z from "zod";
import { LOGIN_PATH, matrixRequest, path, REGISTRATION_PATH, registration } from "../shared/matrix.ts";
import type { Cognito, CognitoUser } from "../tools/servers/cognito.ts";

export interface Reply {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export interface Account {
  readonly userId: string;
  readonly accessToken: string;
}

/**
 * A request of Matrix' client-server API with JSON both ways.
 *
 * @param address where the load balancer would say that it comes from; without one it comes from inside
 */
export async function matrix(
  url: string,
  method: string,
  path: string,
  { token, body, address }: { token?: string | undefined; body?: unknown; address?: string } = {},
): Promise<Reply> {
  const reply = await matrixRequest(
    url,
    { method, path, body },
    {
      token,
      ...(address && { headers: { "x-forwarded-for": address, "x-forwarded-proto": "https" } }),
    },
  );
  // The load balancer's own answers are no JSON.
  return { status: reply.status, body: z.record(z.string(), z.unknown()).parse(reply.body ?? {}) };
}

const loginReply = z.object({ user_id: z.string(), access_token: z.string() });

export function account(reply: Reply): Account {
  const parsed = loginReply.safeParse(reply.body);
  if (!parsed.success) throw new Error(`no account in ${reply.status} ${JSON.stringify(reply.body)}`);
  return { userId: parsed.data.user_id, accessToken: parsed.data.access_token };
}

/** Makes a local account with the registration shared secret, as bootstrap does. */
export async function register(
  url: string,
  sharedSecret: string,
  user: { username: string; password: string; admin?: boolean },
): Promise<Reply> {
  const { body } = await matrix(url, "GET", REGISTRATION_PATH);
  const { nonce } = z.object({ nonce: z.string() }).parse(body);
  return matrix(url, "POST", REGISTRATION_PATH, {
    body: registration(sharedSecret, nonce, { admin: false, ...user }),
  });
}

export async function createRoom(url: string, { accessToken }: Account, body: object = {}): Promise<string> {
  const reply = await matrix(url, "POST", "/_matrix/client/v3/createRoom", { token: accessToken, body });
  return z.object({ room_id: z.string() }).parse(reply.body).room_id;
}

export const send = (url: string, { accessToken }: Account, roomId: string, text: string): Promise<Reply> =>
  matrix(url, "PUT", path`/_matrix/client/v3/rooms/${roomId}/send/m.room.message/${randomUUID()}`, {
    token: accessToken,
    body: { msgtype: "m.text", body: text },
  });

export interface BrowserReply {
  readonly status: number;
  readonly location: string;
  readonly cookies: string;
  readonly text: string;
}

/** A browser's request as it arrives through the load balancer: the public host name, and that it was HTTPS. */
export function throughLoadBalancer(
  url: string,
  serverName: string,
  path: string,
  cookies = "",
): Promise<BrowserReply> {
  return new Promise((done, reject) => {
    request(
      `${url}${path}`,
      {
        headers: {
          host: serverName,
          "x-forwarded-proto": "https",
          "x-forwarded-for": "198.51.100.7",
          cookie: cookies,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          done({
            status: response.statusCode ?? 0,
            location: response.headers.location ?? "",
            cookies: cookiesOf(response.headers),
            text: Buffer.concat(chunks).toString("utf8"),
          }),
        );
      },
    )
      .once("error", reject)
      .end();
  });
}

const cookiesOf = (headers: IncomingHttpHeaders) =>
  (headers["set-cookie"] ?? []).map((cookie) => cookie.split(";")[0]).join("; ");

/** The browser's way from the app's redirect request through Cognito back to Synapse's callback. */
export const browserSignIn = (
  url: string,
  serverName: string,
  cognito: Cognito,
  user: CognitoUser,
  { provider, redirectUrl }: { provider: string; redirectUrl: string },
): Promise<BrowserReply> =>
  browserSignInAt(
    url,
    serverName,
    cognito,
    user,
    `/_matrix/client/v3/login/sso/redirect/${provider}?redirectUrl=${encodeURIComponent(redirectUrl)}`,
  );

/** @param path path and query of the app's redirect request */
export async function browserSignInAt(
  url: string,
  serverName: string,
  cognito: Cognito,
  user: CognitoUser,
  path: string,
): Promise<BrowserReply> {
  const start = await throughLoadBalancer(url, serverName, path);
  if (start.status !== 302) throw new Error(`no redirect to Cognito: ${start.status} ${start.text}`);
  const callback = new URL(cognito.signIn(start.location, user));
  return throughLoadBalancer(url, serverName, `${callback.pathname}${callback.search}`, start.cookies);
}

/** Signs in as the mobile app does: by browser, then with the login token that the browser brings back. */
export async function appSignIn(
  url: string,
  serverName: string,
  cognito: Cognito,
  user: CognitoUser,
  app: { provider: string; redirectUrl: string },
): Promise<Account> {
  const back = await browserSignIn(url, serverName, cognito, user, app);
  if (!back.location.startsWith(app.redirectUrl)) {
    throw new Error(
      `the browser does not go back to the app: ${back.status} ${back.location} ${back.text.slice(0, 2000)}`,
    );
  }
  const token = new URL(back.location).searchParams.get("loginToken");
  const reply = await matrix(url, "POST", LOGIN_PATH, {
    body: { type: "m.login.token", token },
  });
  return account(reply);
}

/** Uploads a file. @returns its `mxc:` address */
export async function upload(url: string, { accessToken }: Account, content: string): Promise<string> {
  const response = await fetch(`${url}/_matrix/media/v3/upload`, {
    method: "POST",
    headers: { authorization: `Bearer ${accessToken}`, "content-type": "application/octet-stream" },
    body: content,
  });
  return z.object({ content_uri: z.string() }).parse(await response.json()).content_uri;
}

/** Content of a file; empty if the homeserver doesn't have it. */
export async function download(url: string, { accessToken }: Account, uri: string): Promise<string> {
  const response = await fetch(`${url}/_matrix/client/v1/media/download/${uri.replace("mxc://", "")}`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  return response.ok ? response.text() : "";
}
