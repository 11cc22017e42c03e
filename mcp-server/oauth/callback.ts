import type { IncomingMessage, ServerResponse } from "node:http";
import * as z from "zod";
import { limits } from "../limits.ts";
import { stateSchema } from "./authorize.ts";
import { readBrowser } from "./browser.ts";
import { PageError } from "./errors.ts";
import { withParameters } from "./redirect-uri.ts";
import { sha256 } from "./seal.ts";
import type { SignIn } from "./sign-in.ts";

/** What the client's code stands for. Cognito's own code is in it, and works once. */
export const codeSchema = z.object({
  client: z.string(),
  redirectUri: z.string(),
  codeChallenge: z.string(),
  cognitoCode: z.string(),
  codeVerifier: z.string(),
});

const cognitoErrors = ["access_denied", "invalid_request", "temporarily_unavailable"];

/**
 * Cognito's one callback. Seals Cognito's code into ours and sends the browser on to the client.
 * @throws PageError
 */
export async function callback(
  { sealer, publicUrl }: SignIn,
  query: URLSearchParams,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const state = await sealer.open("state", stateSchema, query.get("state") ?? "");
  const browser = readBrowser(request);
  // Whoever consented must be the one who signs in, or somebody else's sign-in could be fetched with a link.
  if (!state || browser === undefined || sha256(browser) !== state.browser)
    throw new PageError(
      "This sign-in has expired, or was started in another browser. Start it again in the program that you want to connect.",
    );
  const { client, redirectUri, codeChallenge, codeVerifier } = state;
  const cognitoCode = query.get("code");
  const error = query.get("error") ?? "server_error";
  const answer =
    cognitoCode === null
      ? { error: cognitoErrors.includes(error) ? error : "server_error" }
      : {
          code: await sealer.seal(
            "code",
            { client, redirectUri, codeChallenge, cognitoCode, codeVerifier } satisfies z.infer<
              typeof codeSchema
            >,
            limits.codeSeconds,
          ),
        };
  response
    .writeHead(302, {
      location: withParameters(redirectUri, { ...answer, state: state.state, iss: publicUrl.origin }),
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "content-length": 0,
    })
    .end();
}
