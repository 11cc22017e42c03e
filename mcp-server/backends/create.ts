import type { ChatBackend } from "../chat/backend.ts";
import { ConfigurationError, type Environment } from "../environment.ts";
import { postgresBackend } from "./postgres.ts";

/** @throws ConfigurationError */
export function createBackend(environment: Environment): ChatBackend {
  switch (environment.BACKEND_TYPE) {
    case "postgres":
      return postgresBackend({
        connection: { connectionString: given(environment, "DATABASE_URL") },
        agentUserId: environment.AGENT_USER_ID,
      });
    default:
      throw new ConfigurationError([`BACKEND_TYPE = "${environment.BACKEND_TYPE}" is not served.`]);
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
