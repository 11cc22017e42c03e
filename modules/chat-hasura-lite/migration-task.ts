import { script, shellCommand } from "../../constructs/script.ts";
import {
  changedMessage,
  createBookkeeping,
  LIMIT_LOCK_WAIT,
  PASSWORD_SETTING,
  setProvisionerPassword,
  TAKE_LOCK,
} from "../../migrations/bookkeeping.ts";
import { type Migration, readMigrations } from "../../migrations/files.ts";
import { trySignIn } from "../../migrations/preflight.ts";

const FOLDER = "modules/chat-hasura-lite";
/** Ends the SQL in `migration-task.sh`. */
const END_OF_SQL = "END_OF_SQL";

/**
 * Command of the task that applies the migrations. It runs in the stock `postgres:16-alpine` image, which holds no file
 * of ours, so the SQL stands in the command; it needs psql 15 or newer. Keeps the same records as `applyMigrations`.
 * The image holds no certificate of RDS, so PGSSLMODE is `require`: encrypted, inside the VPC, the server not verified.
 *
 * At the end it tries, as the user provisioner's role and in a transaction that is rolled back, what a sign-in writes, and
 * prints what the backend's table `users` would refuse, with the remedy.
 *
 * Exits with 0 if the schema is up to date, 64 if a variable is missing, else with psql's code after printing the
 * statement and the error.
 */
export const migrationCommand = (migrations: readonly Migration[] = readMigrations()): string[] =>
  shellCommand(
    script(`${FOLDER}/migration-task.sh`, {
      SQL: script(`${FOLDER}/migration-task.sql`, {
        TAKE_LOCK,
        LIMIT_LOCK_WAIT,
        CREATE_BOOKKEEPING: createBookkeeping().trimEnd(),
        MIGRATIONS: migrations.map(applyOnce).join("").trimEnd(),
        PASSWORD_SETTING,
        SET_PROVISIONER_PASSWORD: setProvisionerPassword().trimEnd(),
        PREFLIGHT: trySignIn("'preflight: ' || problem || chr(10) || 'preflight: remedy: ' || remedy"),
      }).trimEnd(),
    }),
  );

function applyOnce(migration: Migration): string {
  const { version, name, checksum, sql } = migration;
  for (const line of sql.split("\n"))
    if (line.startsWith("\\") || line === END_OF_SQL)
      throw new Error(`migration ${name}: "${line}" would be read by psql or the shell, not by PostgreSQL`);
  return script(`${FOLDER}/apply-migration.sql`, {
    VERSION: String(version),
    NAME: name,
    CHECKSUM: checksum,
    CHANGED_MESSAGE: changedMessage(migration),
    // ECS bounds a task definition to 64 KiB: comments between statements stay in the file. Those in functions are stored.
    SQL: sql.replaceAll(/^--.*\n/gm, ""),
  });
}
