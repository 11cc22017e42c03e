import { describeError } from "../../shared/describe-error.ts";
import { ConfigurationError } from "../../shared/environment.ts";
import { agentSession } from "../auth/agent-session.ts";
import type { ChatBackend } from "../chat/backend.ts";
import type { Environment } from "../environment.ts";
import type { Log } from "../log.ts";
import { hasuraBackend } from "./hasura.ts";
import { postgresBackend } from "./postgres.ts";
import type { SweepReport } from "./sanctions-sweep.ts";
import { synapseBackend } from "./synapse.ts";

/** @throws ConfigurationError */
export function createBackend(environment: Environment, log: Log): ChatBackend {
  switch (environment.BACKEND_TYPE) {
    case "postgres":
      return postgresBackend({
        connection: { connectionString: required(environment, "DATABASE_URL") },
        agentUserId: environment.AGENT_USER_ID,
      });
    case "hasura":
      return hasuraBackend({
        endpoint: required(environment, "HASURA_ENDPOINT"),
        session: agentSession({
          region: required(environment, "COGNITO_REGION"),
          clientId: required(environment, "AGENT_CLIENT_ID"),
          clientSecret: required(environment, "AGENT_CLIENT_SECRET"),
          username: required(environment, "AGENT_USERNAME"),
          password: required(environment, "AGENT_PASSWORD"),
        }),
      });
    case "synapse":
      return synapseBackend({
        url: required(environment, "SYNAPSE_URL"),
        serverName: required(environment, "SYNAPSE_SERVER_NAME"),
        bot: {
          username: required(environment, "SYNAPSE_BOT_USERNAME"),
          password: required(environment, "SYNAPSE_BOT_PASSWORD"),
        },
        contentUrlTemplate: required(environment, "CONTENT_URL_TEMPLATE"),
        // A read-only server changes nothing, so it does not end bans and mutes either.
        ...(!environment.READ_ONLY && { sweep: sweepReport(log) }),
      });
  }
}

/** The sweep writes to the audit log, like the tools. */
const sweepReport = (log: Log): SweepReport => ({
  done: (what) => log.audit({ caller: "sweep", result: "ok", ...what }),
  failed: (room, error) => log.warn("sweep_failed", { room, error: describeError(error) }),
});

function required<Name extends keyof Environment>(
  environment: Environment,
  name: Name,
): NonNullable<Environment[Name]> {
  const value = environment[name];
  if (value === undefined || value === null) throw new ConfigurationError([`${name} is not set.`]);
  return value;
}
