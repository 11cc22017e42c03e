import type { IncomingMessage, ServerResponse } from "node:http";
import { readBody } from "../http/body.ts";
import { answerPreflight, HttpError, sendJson } from "../http/respond.ts";
import { limits } from "../limits.ts";
import type { RateLimit } from "../rate-limit.ts";
import { authorize } from "./authorize.ts";
import { callback } from "./callback.ts";
import { clientAddress } from "./client-address.ts";
import { OAuthError, PageError } from "./errors.ts";
import { paths } from "./metadata.ts";
import { register } from "./registration.ts";
import type { SignIn } from "./sign-in.ts";
import { revoke, token } from "./token.ts";

export interface OAuthEndpoints {
  readonly signIn: SignIn;
  /** Requests of one address, and of all together. */
  readonly rateLimits: { readonly address: RateLimit; readonly all: RateLimit };
}

type Handler = (signIn: SignIn, request: IncomingMessage, response: ServerResponse) => Promise<void>;

interface Endpoint {
  readonly method: "GET" | "POST";
  /** Whether a person looks at its answers; otherwise a program does, on any web page. */
  readonly browser: boolean;
  readonly handle: Handler;
}

const page = (
  show: (
    signIn: SignIn,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ) => Promise<void>,
): Endpoint => ({
  method: "GET",
  browser: true,
  handle: (signIn, request, response) =>
    show(signIn, new URLSearchParams((request.url ?? "").split("?", 2)[1]), request, response),
});

const endpoints = new Map<string, Endpoint>([
  [paths.authorize, page(authorize)],
  [paths.callback, page(callback)],
  [paths.token, post(async (signIn, body) => [200, await token(signIn, new URLSearchParams(body))])],
  [paths.register, post(async ({ sealer }, body) => [201, await register(sealer, parseJson(body))])],
  [
    paths.revoke,
    post(async (signIn, body) => {
      await revoke(signIn, new URLSearchParams(body));
      return [200, {}];
    }),
  ],
]);

function post(answer: (signIn: SignIn, body: string) => Promise<[status: number, body: object]>): Endpoint {
  return {
    method: "POST",
    browser: false,
    async handle(signIn, request, response) {
      const [status, content] = await answer(signIn, await readBody(request, limits.oauthBytes));
      sendJson(response, status, content);
    },
  };
}

/** The endpoint of a path; `undefined` if there is none. */
export const oauthEndpoint = (path: string): Endpoint | undefined => endpoints.get(path);

/** Answers one request of the sign-in. @throws OAuthError or PageError, for a request that is refused */
export async function handleOAuth(
  { signIn, rateLimits }: OAuthEndpoints,
  { method, browser, handle }: Endpoint,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Programs send no cookies here and prove themselves by codes and verifiers, so any web page may be one.
  if (!browser) {
    response.setHeader("access-control-allow-origin", "*");
    if (request.method === "OPTIONS") return answerPreflight(response, "POST");
  }
  if (request.method !== method) throw new HttpError(405, `Send ${method}.`, { headers: { allow: method } });
  const wait = rateLimits.address.consume(clientAddress(request)) ?? rateLimits.all.consume("all");
  if (wait !== undefined) throw tooMany(browser, Math.ceil(wait / 1000));
  return handle(signIn, request, response);
}

function tooMany(browser: boolean, seconds: number): HttpError {
  const message = `There are too many sign-ins at once. Try again in ${seconds} s.`;
  return browser
    ? new PageError(message, { status: 429 })
    : new OAuthError("slow_down", message, { status: 429, headers: { "retry-after": String(seconds) } });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new OAuthError("invalid_client_metadata", "The request's body is not JSON.");
  }
}
