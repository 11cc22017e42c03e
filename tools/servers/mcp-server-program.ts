// The MCP server as it is deployed: it verifies tokens, limits rates, validates arguments and results, and logs calls.
// Only the user pool's keys and, on Hasura, the agent's session are passed in.
import { createBackend } from "../../mcp-server/backends/create.ts";
import { hasuraBackend } from "../../mcp-server/backends/hasura.ts";
import { type Environment, readServerEnvironment } from "../../mcp-server/environment.ts";
import { limits } from "../../mcp-server/limits.ts";
import { createLog } from "../../mcp-server/log.ts";
import { startService } from "../../mcp-server/service.ts";
import { signedIn } from "./agent-session.ts";
import { CLIENT, poolKeys, token, USER_POOL } from "./cognito-tokens.ts";

const environment = readServerEnvironment({
  ...process.env,
  PORT: "0",
  RATE_LIMIT_PER_SECOND: "100000",
  COGNITO_REGION: "us-east-1",
  COGNITO_USER_POOL_ID: USER_POOL,
  COGNITO_CLIENT_IDS: CLIENT,
  COGNITO_DOMAIN: "phenom-dev",
  SIGN_IN_CLIENT_ID: CLIENT,
  SIGN_IN_KEY: "unused, because nobody signs in in a browser",
});
const log = createLog("info");
const service = await startService({
  environment,
  backend: backend(environment),
  log,
  jwksCache: poolKeys(),
  ...(process.env["WARM_UP"] === "true" && { warmUp: { withinMs: limits.warmUpMs } }),
});
const callers = Number(process.env["CALLERS"]);
process.send?.({
  url: `http://127.0.0.1:${service.port}/mcp`,
  tokens: Array.from({ length: callers }, (_, caller) => token({ claims: { sub: `caller-${caller}` } })),
});

function backend(environment: Environment) {
  const { BACKEND_TYPE, HASURA_ENDPOINT, AGENT_USER_ID } = environment;
  if (BACKEND_TYPE !== "hasura" || HASURA_ENDPOINT === undefined) return createBackend(environment, log);
  return hasuraBackend({ endpoint: HASURA_ENDPOINT, session: signedIn(AGENT_USER_ID) });
}

process.on("disconnect", () => process.exit(0));
