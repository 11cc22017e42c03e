// The server as it is deployed: tokens checked, rates counted, arguments and results validated, calls logged.
import { postgresBackend } from "../../../mcp-server/backends/postgres.ts";
import { readServerEnvironment } from "../../../mcp-server/environment.ts";
import { createLog } from "../../../mcp-server/log.ts";
import { startService } from "../../../mcp-server/service.ts";
import { CLIENT, poolKeys, token, USER_POOL } from "../../servers/cognito-tokens.ts";

const environment = readServerEnvironment({
  ...process.env,
  BACKEND_TYPE: "postgres",
  RATE_LIMIT_PER_SECOND: "100000",
  COGNITO_REGION: "us-east-1",
  COGNITO_USER_POOL_ID: USER_POOL,
  COGNITO_CLIENT_IDS: CLIENT,
  COGNITO_DOMAIN: "phenom-dev",
});
const backend = postgresBackend({
  connection: { connectionString: environment.DATABASE_URL },
  agentUserId: environment.AGENT_USER_ID,
});
await startService({ environment, backend, log: createLog("info"), jwksCache: poolKeys() });
process.send?.({ token: token({ groups: ["agent"] }) });
process.on("message", () => process.send?.({ memory: process.memoryUsage.rss() }));
