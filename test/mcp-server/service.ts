import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { JwksCache } from "aws-jwt-verify/jwk";
import type { ChatBackend } from "../../mcp-server/chat/backend.ts";
import { readServerEnvironment } from "../../mcp-server/environment.ts";
import { createLog, type LogLevel } from "../../mcp-server/log.ts";
import type { SignInNetwork } from "../../mcp-server/oauth/create.ts";
import { type Service, type ServiceParts, startService } from "../../mcp-server/service.ts";
import { CLIENT, poolKeys, token, USER_POOL } from "../../tools/servers/cognito-tokens.ts";

export interface TestService extends Service {
  /** Where MCP is served. */
  readonly mcp: URL;
  /** What was logged, line by line, parsed. */
  readonly log: Record<string, unknown>[];
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
  /** The SDK's own client, signed in. */
  connect(bearer?: string): Promise<Client>;
}

const userPool = {
  COGNITO_REGION: "us-east-1",
  COGNITO_USER_POOL_ID: USER_POOL,
  COGNITO_CLIENT_IDS: CLIENT,
  COGNITO_DOMAIN: "phenom-dev",
  SIGN_IN_CLIENT_ID: CLIENT,
  SIGN_IN_KEY: "a secret of the tests that nobody guesses",
};

/** The whole server on a free port of loopback, with a user pool whose keys the tests hold. */
export async function startTestService(
  backend: ChatBackend,
  variables: Record<string, string> = {},
  jwksCache: JwksCache = poolKeys(),
  level: LogLevel = "info",
  signInNetwork?: SignInNetwork,
  warmUp?: ServiceParts["warmUp"],
): Promise<TestService> {
  const environment = readServerEnvironment({
    BACKEND_TYPE: "postgres",
    DATABASE_URL: "postgres://unused",
    PORT: "0",
    RATE_LIMIT_PER_SECOND: "10000",
    ...userPool,
    ...variables,
  });
  const log: Record<string, unknown>[] = [];
  const service = await startService({
    environment,
    backend,
    log: createLog(level, (line) => log.push(JSON.parse(line))),
    jwksCache,
    ...(signInNetwork && { signInNetwork }),
    ...(warmUp && { warmUp }),
  });
  const mcp = new URL(`http://127.0.0.1:${service.port}/mcp`);
  const authorized = (bearer: string) => ({ authorization: `Bearer ${bearer}` });
  return {
    ...service,
    mcp,
    log,
    post: (body, headers = authorized(token())) =>
      fetch(mcp, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          accept: "application/json, text/event-stream",
          ...headers,
        },
        body: typeof body === "string" ? body : JSON.stringify(body),
      }),
    async connect(bearer = token()) {
      const client = new Client({ name: "test", version: "1" });
      await client.connect(
        new StreamableHTTPClientTransport(mcp, { requestInit: { headers: authorized(bearer) } }),
      );
      return client;
    },
  };
}

/** The text of a result's first part. */
export function textOf(result: unknown): string {
  if (typeof result === "object" && result !== null && "content" in result && Array.isArray(result.content))
    return String(result.content[0]?.text);
  throw new Error(`no result of a tool: ${JSON.stringify(result)}`);
}
