import { createServer } from "node:http";
import type { Agent } from "node:https";
import { keySet } from "../../mcp-server/auth/key-set.ts";
import type { ChatBackend } from "../../mcp-server/chat/backend.ts";
import { type Cognito, createCognito } from "../../tools/servers/cognito.ts";
import { USER_POOL } from "../../tools/servers/cognito-tokens.ts";
import { freePort } from "../../tools/servers/free-port.ts";
import { close, listen } from "../../tools/servers/listening.ts";
import { startTestService, type TestService } from "./service.ts";

/** A user pool that tasks of the server may share. */
export interface UserPool {
  readonly cognito: Cognito;
  /** Requests that it got from the server, as method and path. */
  readonly asked: readonly string[];
  readonly fetch: typeof fetch;
  stop(): Promise<void>;
}

export interface SignInService extends TestService {
  readonly pool: UserPool;
}

const SIGN_IN_CLIENT = "sign-in-client-id";
const DOMAIN = "phenom-dev.auth.us-east-1.amazoncognito.com";

async function startUserPool(publicUrl: string): Promise<UserPool> {
  const cognito = createCognito({
    region: "us-east-1",
    userPoolId: USER_POOL,
    domainHost: DOMAIN,
    clientId: SIGN_IN_CLIENT,
    callbackUrl: `${publicUrl}/mcp/oauth/callback`,
    rotatesRefreshTokens: true,
  });
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    void cognito.sites[DOMAIN]?.(request, response);
  });
  const port = await listen(server);
  return {
    cognito,
    asked,
    // Cognito's name leads to the pool of the test.
    fetch: (url, init) => fetch(String(url).replace(`https://${DOMAIN}`, `http://127.0.0.1:${port}`), init),
    stop: () => close(server),
  };
}

/**
 * The whole server with a user pool in which people sign in.
 * @param options.pool that of another task; it is not stopped with this one
 */
export async function startSignInService(
  backend: ChatBackend,
  variables: Readonly<Record<string, string>> = {},
  options: { readonly pool?: UserPool; readonly documentAgent?: Agent } = {},
): Promise<SignInService> {
  const port = await freePort();
  const pool = options.pool ?? (await startUserPool(`http://127.0.0.1:${port}`));
  const service = await startTestService(
    backend,
    {
      PORT: String(port),
      COGNITO_CLIENT_IDS: SIGN_IN_CLIENT,
      SIGN_IN_CLIENT_ID: SIGN_IN_CLIENT,
      ...variables,
    },
    keySet({ fetch: async () => new TextEncoder().encode(JSON.stringify(pool.cognito.jwks)).buffer }),
    "info",
    { fetch: pool.fetch, ...(options.documentAgent && { documentAgent: options.documentAgent }) },
  );
  return {
    ...service,
    pool,
    async stop() {
      await service.stop();
      if (!options.pool) await pool.stop();
    },
  };
}
