import { type EnvironmentDeclaration, port, secretArn } from "../shared/environment.ts";

export const environment = {
  DATABASE_HOST: {
    description: "Host name of the PostgreSQL server, as its certificate has it",
    parse: (value: string) => value,
  },
  DATABASE_PORT: { description: "Port of the PostgreSQL server", default: "5432", parse: port },
  DATABASE_NAME: {
    description: "Database that holds the chat's tables",
    parse: (value: string) => value,
  },
  DATABASE_SECRET_ARN: {
    description: "ARN of the secret with the database role's username and password as JSON",
    parse: secretArn,
  },
  DATABASE_CA_FILE: {
    description: "PEM file of the authorities that may sign the server's certificate",
    default: "/var/runtime/ca-cert.pem",
    parse: (value: string) => value,
  },
} satisfies EnvironmentDeclaration;
