import type { Agent } from "node:https";
import { limits } from "../limits.ts";
import { RateLimit } from "../rate-limit.ts";
import { clientDocuments } from "./client-document.ts";
import { cognitoSignIn, hostedOrigin } from "./cognito.ts";
import type { OAuthEndpoints } from "./endpoints.ts";
import { paths } from "./metadata.ts";
import { createSealer } from "./seal.ts";

/** How the sign-in reaches others. */
export interface SignInNetwork {
  /** To Cognito. @default - Node.js's own */
  readonly fetch?: typeof fetch;
  /** To clients' metadata documents. @default - public addresses only */
  readonly documentAgent?: Agent;
}

export interface SignInSettings {
  readonly publicUrl: URL;
  readonly region: string;
  readonly domain: string;
  readonly clientId: string;
  /** Secret that seals, and the one before it. */
  readonly key: string;
  readonly previousKey: string | undefined;
}

export function createSignIn(settings: SignInSettings, network: SignInNetwork = {}): OAuthEndpoints {
  const { publicUrl } = settings;
  return {
    signIn: {
      publicUrl,
      sealer: createSealer(settings.key, settings.previousKey),
      documents: clientDocuments(network.documentAgent),
      cognito: cognitoSignIn({
        origin: hostedOrigin(settings.domain, settings.region),
        clientId: settings.clientId,
        callbackUrl: publicUrl.origin + paths.callback,
        ...(network.fetch && { fetch: network.fetch }),
      }),
    },
    rateLimits: {
      address: new RateLimit(limits.signInRequests.perAddress),
      all: new RateLimit(limits.signInRequests.perTask),
    },
  };
}
