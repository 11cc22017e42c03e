import { once } from "node:events";
import type { JwksCache } from "aws-jwt-verify/jwk";
import { withDeadline } from "../shared/deadline.ts";
import { describeError } from "../shared/describe-error.ts";
import { version } from "../shared/version.ts";
import { type Authenticate, everyoneOnLoopback } from "./auth/authenticate.ts";
import { keySet } from "./auth/key-set.ts";
import { cognitoAuthentication } from "./auth/token-verifier.ts";
import type { ChatBackend } from "./chat/backend.ts";
import type { Environment } from "./environment.ts";
import { Health } from "./health.ts";
import { createListener, type Routes } from "./http/listener.ts";
import { limits } from "./limits.ts";
import type { Log } from "./log.ts";
import { createSignIn, type SignInNetwork } from "./oauth/create.ts";
import type { OAuthEndpoints } from "./oauth/endpoints.ts";
import { oauthMetadata } from "./oauth/metadata.ts";
import { RateLimit } from "./rate-limit.ts";
import { Turns } from "./turns.ts";
import { warmUp as warm } from "./warm-up/warm-up.ts";

export interface Service {
  /** Origin under which clients reach the server. */
  readonly publicUrl: URL;
  readonly port: number;
  /** Stops accepting requests, waits for running ones, then closes the backend. */
  stop(): Promise<void>;
}

export interface ServiceParts {
  readonly environment: Environment;
  readonly backend: ChatBackend;
  readonly log: Log;
  /** Cache of the user pool's public keys. @default - fetched from Cognito, and kept */
  readonly jwksCache?: JwksCache;
  /** How the sign-in reaches Cognito and clients' metadata documents. @default - the internet */
  readonly signInNetwork?: SignInNetwork;
  /** Warms up before `/health` reports healthy, and gives up after so many milliseconds. @default - does not */
  readonly warmUp?: { readonly withinMs: number };
}

/** Starts the server. @throws the listener's error, such as EADDRINUSE */
export async function startService({
  environment,
  backend,
  log,
  jwksCache = keySet(),
  signInNetwork,
  warmUp,
}: ServiceParts): Promise<Service> {
  const { HOST, PORT } = environment;
  const health = new Health(backend);
  let routes: Routes | undefined;
  const listener = createListener(() => {
    if (!routes) throw new Error("a request came before the server listened");
    return routes;
  });
  listener.listen(PORT, HOST);
  await once(listener, "listening");
  const address = listener.address();
  const port = typeof address === "object" && address ? address.port : PORT;
  const publicUrl = new URL(
    environment.PUBLIC_URL ?? `http://${HOST.includes(":") ? `[${HOST}]` : HOST}:${port}`,
  );

  routes = {
    mcp: {
      service: Object.freeze({ backend, log, readOnly: environment.READ_ONLY }),
      authenticate: authentication(environment, publicUrl, jwksCache),
      rateLimit: new RateLimit(environment.RATE_LIMIT_PER_SECOND),
      turns: new Turns(limits.requestsAtOnce),
      publicUrl,
      corsOrigins: environment.CORS_ORIGINS ?? [],
    },
    health,
    metadata: environment.COGNITO_USER_POOL_ID === undefined ? new Map() : oauthMetadata(publicUrl),
    oauth: signIn(environment, publicUrl, signInNetwork),
    log,
  };
  health.watch();
  log.info("started", { version, backend: backend.name, address: HOST, port, url: publicUrl.origin });
  const stopping = new AbortController();
  const warmed = warmUp && warmedUp(routes, environment, jwksCache, log, warmUp.withinMs, stopping.signal);

  return {
    publicUrl,
    port,
    async stop() {
      health.stop();
      stopping.abort();
      await warmed;
      const closed = once(listener, "close");
      listener.close();
      // A connection that has just become idle would otherwise be kept open for the next request.
      const closing = setInterval(() => listener.closeIdleConnections(), 50);
      await closed;
      clearInterval(closing);
      await backend.close();
    },
  };
}

/** Warms up while `/health` reports that the server starts. A failure is logged: a slow server is better than none. */
async function warmedUp(
  routes: Routes,
  { COGNITO_USER_POOL_ID: userPoolId, COGNITO_CLIENT_IDS: [clientId = ""] = [] }: Environment,
  keys: JwksCache,
  log: Log,
  withinMs: number,
  stopping: AbortSignal,
): Promise<void> {
  const { health } = routes;
  const started = performance.now();
  const took = () => ({ milliseconds: Math.round(performance.now() - started) });
  const issuer = userPoolId === undefined ? undefined : { userPoolId, clientId, keys };
  const late = () => new Error(`was not done after ${withinMs} ms`);
  health.starting = true;
  const report = await withDeadline(stopping, withinMs, late, (signal) => warm(routes, issuer, signal)).then(
    (requests) => () => log.info("warmed_up", { requests, ...took() }),
    (error: unknown) => () => log.warn("warm_up_failed", { error: describeError(error), ...took() }),
  );
  await health.warmedUp();
  if (!stopping.aborted) report();
}

function authentication(environment: Environment, publicUrl: URL, jwksCache: JwksCache): Authenticate {
  const { COGNITO_USER_POOL_ID: userPoolId, COGNITO_CLIENT_IDS: clientIds } = environment;
  if (userPoolId === undefined) return everyoneOnLoopback;
  return cognitoAuthentication({
    userPoolId,
    clientIds: clientIds ?? [],
    publicUrl,
    jwksCache,
  });
}

function signIn(
  environment: Environment,
  publicUrl: URL,
  network: SignInNetwork | undefined,
): OAuthEndpoints | undefined {
  const { COGNITO_REGION: region, COGNITO_DOMAIN: domain } = environment;
  const { SIGN_IN_CLIENT_ID: clientId, SIGN_IN_KEY: key, SIGN_IN_PREVIOUS_KEY: previousKey } = environment;
  // The environment has all of them with a user pool, or none.
  if (!environment.COGNITO_USER_POOL_ID || !region || !domain || !clientId || !key) return undefined;
  return createSignIn({ publicUrl, region, domain, clientId, key, previousKey }, network);
}
