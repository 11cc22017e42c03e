import { createHmac } from "node:crypto";
import * as z from "zod/mini";
import { parseJson } from "./json.ts";

export interface MatrixRequest {
  readonly method: string;
  /** Made with `path`. */
  readonly path: string;
  /** Sent as JSON. @default {} */
  readonly body?: unknown;
}

export interface MatrixReply {
  readonly status: number;
  /** Parsed JSON; `undefined` for a reply of another kind, such as a load balancer's page. */
  readonly body: unknown;
  readonly text: string;
}

/** A path whose inserted parts are percent-encoded. */
export const path = (parts: TemplateStringsArray, ...values: readonly string[]): string =>
  parts.map((part, index) => part + encodeURIComponent(values[index] ?? "")).join("");

/**
 * Sends one request to a homeserver, with JSON both ways.
 *
 * @throws TypeError if the homeserver cannot be reached, or the signal's reason
 */
export async function matrixRequest(
  url: string,
  { method, path, body }: MatrixRequest,
  {
    token,
    signal,
    headers,
  }: {
    readonly token?: string | undefined;
    readonly signal?: AbortSignal;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<MatrixReply> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      "content-type": "application/json",
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(method !== "GET" && { body: JSON.stringify(body ?? {}) }),
    ...(signal && { signal }),
  });
  const text = await response.text();
  return { status: response.status, body: parseJson(text), text };
}

const errorSchema = z.object({
  errcode: z._default(z.string(), "M_UNKNOWN"),
  error: z._default(z.string(), "no reason given"),
  retry_after_ms: z.optional(z.number().check(z.nonnegative())),
});

/** A reply with another status than 2xx. The message holds neither the token nor the body of the request. */
export class MatrixError extends Error {
  override readonly name = "MatrixError";
  readonly status: number;
  readonly errcode: string;
  /** Milliseconds that the homeserver asks to wait, when it limits the rate. */
  readonly retryAfterMs: number | undefined;

  constructor({ method, path }: MatrixRequest, { status, body, text }: MatrixReply) {
    const reason = body === undefined ? { error: text.slice(0, 200) } : body;
    const { errcode, error, retry_after_ms } = errorSchema.safeParse(reason).data ?? errorSchema.parse({});
    super(`${method} ${path} was answered with ${status} ${errcode}: ${error}`);
    this.status = status;
    this.errcode = errcode;
    this.retryAfterMs = retry_after_ms;
  }
}

export interface Credentials {
  /** Local part of the Matrix id. */
  readonly username: string;
  readonly password: string;
}

/** Where a session belongs: signing in again with the same device replaces nothing and adds no other. */
export interface Device {
  readonly device_id: string;
  readonly initial_device_display_name: string;
}

/** Path of a sign-in. */
export const LOGIN_PATH = "/_matrix/client/v3/login";

/** Body of a sign-in with a password. */
export const passwordLogin = ({ username, password }: Credentials, device?: Device) => ({
  type: "m.login.password",
  identifier: { type: "m.id.user", user: username },
  password,
  ...device,
});

/** Synapse's path for registering accounts with the registration shared secret. A GET gives the nonce. */
export const REGISTRATION_PATH = "/_synapse/admin/v1/register";

/** Body of a registration with the registration shared secret. */
export function registration(
  sharedSecret: string,
  nonce: string,
  { username, password, admin }: Credentials & { readonly admin: boolean },
) {
  // The order and the null bytes are Synapse's.
  const mac = createHmac("sha1", sharedSecret)
    .update([nonce, username, password, admin ? "admin" : "notadmin"].join("\0"))
    .digest("hex");
  return { nonce, username, password, admin, mac };
}
