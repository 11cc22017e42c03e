import { script, shellCommand } from "../../../constructs/script.ts";

const FOLDER = "modules/chat-synapse/tasks";

/**
 * Command of the task that makes Synapse's role and database if they are missing, checks them if they exist, and sets
 * the password. It runs in the stock `postgres:16-alpine` image, against PostgreSQL 16 and newer, and can be repeated.
 * Its user needs CREATEDB and CREATEROLE. The image holds no certificate of RDS, so PGSSLMODE is `require`.
 *
 * Exits with 0 if Synapse can sign in, 64 if a variable is missing, else with psql's code after printing the error and
 * its remedy.
 */
export const databaseSetupCommand = (): string[] =>
  shellCommand(
    script(`${FOLDER}/database-setup.sh`, { SQL: script(`${FOLDER}/database-setup.sql`).trimEnd() }),
  );
