import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import * as z from "zod";
import { limits } from "../limits.ts";
import { browserCookie, readBrowser } from "./browser.ts";
import type { Client } from "./client.ts";
import { isDocumentAddress } from "./client-document.ts";
import { PageError } from "./errors.ts";
import { resourceUrl } from "./metadata.ts";
import { sendPage } from "./page.ts";
import { describeRedirect, isRegistered, withParameters } from "./redirect-uri.ts";
import { registeredClient } from "./registration.ts";
import { sha256 } from "./seal.ts";
import type { SignIn } from "./sign-in.ts";

/** What the client asked for, sealed while the person signs in with Cognito. */
export const stateSchema = z.object({
  /** SHA-256 of the client's id, which may be long. */
  client: z.string(),
  redirectUri: z.string(),
  /** The client's own state. */
  state: z.string().optional(),
  codeChallenge: z.string(),
  /** PKCE towards Cognito. */
  codeVerifier: z.string(),
  /** SHA-256 of the cookie of the browser that showed the consent page. */
  browser: z.string(),
});

const requestSchema = z.object({
  response_type: z.literal("code", "must be code"),
  code_challenge: z.string("is required").regex(/^[\w-]{43}$/, "must be a SHA-256 in base64url"),
  code_challenge_method: z.literal("S256", "must be S256"),
  state: z
    .string()
    .max(limits.stateCharacters, `has more than ${limits.stateCharacters} characters`)
    .optional(),
});

/**
 * The authorisation endpoint: a page that names the client and the address to which the sign-in goes. Its link leads to
 * Cognito. Nothing happens until the person follows it, whatever page sent the browser here.
 * @throws PageError
 */
export async function authorize(
  signIn: SignIn,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const clientId = query.get("client_id") ?? "";
  const client = await clientOf(signIn, clientId);
  const redirectUri = query.get("redirect_uri") ?? "";
  if (!isRegistered(redirectUri, client.redirectUris))
    throw new PageError(
      `${JSON.stringify(redirectUri.slice(0, 200))} is not an address to which ${nameOf(client)} may send a sign-in.`,
    );

  const { origin } = signIn.publicUrl;
  const state = query.get("state") ?? undefined;
  const back = (error: string) => withParameters(redirectUri, { error, state, iss: origin });
  const asked = requestOf(query, resourceUrl(signIn.publicUrl));
  if (asked.problem !== undefined)
    throw new PageError(
      `${nameOf(client)} asks for a sign-in in a form that does not work here: ${asked.problem}.`,
      {
        link: { text: `Back to ${nameOf(client)}`, href: back(asked.error) },
      },
    );

  const browser = readBrowser(request) ?? randomBytes(32).toString("base64url");
  const codeVerifier = randomBytes(32).toString("base64url");
  const sealed = await signIn.sealer.seal(
    "state",
    {
      client: sha256(clientId),
      redirectUri,
      state,
      codeChallenge: asked.codeChallenge,
      codeVerifier,
      browser: sha256(browser),
    } satisfies z.infer<typeof stateSchema>,
    limits.signInSeconds,
  );
  sendPage(
    response,
    200,
    {
      title: `Let ${nameOf(client)} use Phenom Chat?`,
      paragraphs: [
        `${nameOf(client)} wants to read and write the chat with the rights of your account.`,
        "Continue only if you have just started this yourself.",
      ],
      facts: {
        Program: nameOf(client),
        "Who says so":
          client.publisher === undefined ? "the program itself; nobody has checked it" : client.publisher,
        "Your sign-in goes to": describeRedirect(redirectUri),
      },
      links: [
        { text: "Continue to sign in", href: signIn.cognito.authorizeUrl(sealed, sha256(codeVerifier)) },
        { text: "Cancel", href: back("access_denied") },
      ],
    },
    { "set-cookie": browserCookie(browser) },
  );
}

const nameOf = (client: Client) => client.name ?? client.publisher ?? "A program without a name";

async function clientOf({ sealer, documents }: SignIn, id: string): Promise<Client> {
  const client = isDocumentAddress(id) ? await documents(id) : await registeredClient(sealer, id);
  if (client) return client;
  throw new PageError(
    "The program that sent you here is not known, or was registered too long ago: remove the server from it, and add it again.",
  );
}

type Asked =
  | { readonly problem: string; readonly error: string }
  | { readonly problem: undefined; readonly codeChallenge: string };

function requestOf(query: URLSearchParams, resource: string): Asked {
  const repeated = [...requestSchema.keyof().options, "client_id", "redirect_uri"].find(
    (name) => query.getAll(name).length > 1,
  );
  if (repeated) return { problem: `${repeated}: is there twice`, error: "invalid_request" };
  const parsed = requestSchema.safeParse(Object.fromEntries(query));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const field = String(issue?.path[0]);
    const error = field === "response_type" ? "unsupported_response_type" : "invalid_request";
    return { problem: `${field}: ${issue?.message}`, error };
  }
  if (!query.getAll("resource").every((each) => isResource(each, resource)))
    return { problem: `resource: must be ${resource}`, error: "invalid_target" };
  return { problem: undefined, codeChallenge: parsed.data.code_challenge };
}

/** Clients differ in the slash at the end, and some name the origin only. */
export const isResource = (asked: string, resource: string): boolean =>
  [resource, `${resource}/`, new URL(resource).origin, `${new URL(resource).origin}/`].includes(asked);
