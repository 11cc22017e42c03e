import * as z from "zod/mini";
import { port, secretArn, variable } from "../environment.ts";

export const environment = z.object({
  DATABASE_HOST: variable(z.string(), "Host name of the PostgreSQL server, as its certificate has it"),
  DATABASE_PORT: variable(z.prefault(port(), "5432"), "Port of the PostgreSQL server"),
  DATABASE_NAME: variable(z.string(), "Database that holds the chat's tables"),
  DATABASE_SECRET_ARN: variable(
    secretArn(),
    "ARN of the secret with the database role's username and password as JSON",
    { secret: true },
  ),
  DATABASE_CA_FILE: variable(
    z._default(z.string(), "/var/runtime/ca-cert.pem"),
    "PEM file of the authorities that may sign the server's certificate",
  ),
  PROFILE_OWNER: variable(
    z._default(z.enum(["backend", "cognito"], "must be backend or cognito"), "backend"),
    "Who owns names and pictures in table users: with backend only what is empty is filled from Cognito",
  ),
});
