import { readEnvironment } from "../../../shared/environment.ts";
import { secret } from "../secret.ts";
import { Database } from "./database.ts";
import { environment } from "./environment.ts";

/** What is kept between invocations. */
export interface Service {
  readonly database: Database;
  /** Whether the chat owns people's names and pictures, and not the backend. */
  readonly ownsProfiles: boolean;
}

/** @throws ConfigurationError */
export function createService(): Service {
  const values = readEnvironment(environment);
  return {
    database: new Database({
      host: values.DATABASE_HOST,
      port: values.DATABASE_PORT,
      name: values.DATABASE_NAME,
      secret: secret(values.DATABASE_SECRET_ARN),
      caFile: values.DATABASE_CA_FILE,
    }),
    ownsProfiles: values.PROFILE_OWNER === "cognito",
  };
}
