import { agentSession } from "../auth/agent-session.ts";
import type { ChatBackend } from "../chat/backend.ts";
import { ConfigurationError, type Environment } from "../environment.ts";
import { hasuraBackend } from "./hasura.ts";
import { postgresBackend } from "./postgres.ts";

/** @throws ConfigurationError */
export function createBackend(environment: Environment): ChatBackend {
  switch (environment.BACKEND_TYPE) {
    case "postgres":
      return postgresBackend({
        connection: { connectionString: given(environment, "DATABASE_URL") },
        agentUserId: environment.AGENT_USER_ID,
      });
    case "hasura":
      return hasuraBackend({
        endpoint: given(environment, "HASURA_ENDPOINT"),
        session: agentSession({
          region: given(environment, "COGNITO_REGION"),
          clientId: given(environment, "AGENT_CLIENT_ID"),
          clientSecret: given(environment, "AGENT_CLIENT_SECRET"),
          username: given(environment, "AGENT_USERNAME"),
          password: given(environment, "AGENT_PASSWORD"),
        }),
      });
    case "synapse":
      throw new ConfigurationError([
        'BACKEND_TYPE = "synapse": this release of the server does not serve Synapse. Set hasura.',
      ]);
  }
}

function given<Name extends keyof Environment>(
  environment: Environment,
  name: Name,
): NonNullable<Environment[Name]> {
  const value = environment[name];
  if (value === undefined || value === null) throw new ConfigurationError([`${name} is not set.`]);
  return value;
}
