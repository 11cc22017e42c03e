import { once } from "node:events";
import type { JwksCache } from "aws-jwt-verify/jwk";
import { version } from "../shared/version.ts";
import { type Authenticate, everyoneOnLoopback } from "./auth/authenticate.ts";
import { cognitoAuthentication } from "./auth/token-verifier.ts";
import type { ChatBackend } from "./chat/backend.ts";
import type { Environment } from "./environment.ts";
import { Health } from "./http/health.ts";
import { createListener, type Routes } from "./http/listener.ts";
import { oauthMetadata } from "./http/oauth-metadata.ts";
import { RateLimit } from "./http/rate-limit.ts";
import type { Log } from "./log.ts";

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
}

/** Starts the server. @throws the listener's error, such as EADDRINUSE */
export async function startService({ environment, backend, log, jwksCache }: ServiceParts): Promise<Service> {
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
      publicUrl,
      corsOrigins: environment.CORS_ORIGINS ?? [],
    },
    health,
    metadata: metadata(environment, publicUrl),
    log,
  };
  health.watch();
  log.info("started", { version, backend: backend.name, address: HOST, port, url: publicUrl.origin });

  return {
    publicUrl,
    port,
    async stop() {
      health.stop();
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

function authentication(environment: Environment, publicUrl: URL, jwksCache?: JwksCache): Authenticate {
  const { COGNITO_USER_POOL_ID: userPoolId, COGNITO_CLIENT_IDS: clientIds } = environment;
  if (userPoolId === undefined) return everyoneOnLoopback;
  return cognitoAuthentication({
    userPoolId,
    clientIds: clientIds ?? [],
    publicUrl,
    ...(jwksCache && { jwksCache }),
  });
}

function metadata(environment: Environment, publicUrl: URL): ReadonlyMap<string, unknown> {
  const { COGNITO_USER_POOL_ID: userPoolId, COGNITO_REGION: region, COGNITO_DOMAIN: domain } = environment;
  if (userPoolId === undefined || region === undefined || domain === undefined) return new Map();
  return oauthMetadata({ publicUrl, region, userPoolId, domain });
}
