import { gzipSync, strToU8 } from "fflate";
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

/**
 * Command of the task that applies the migrations. It runs in the stock `postgres:16-alpine` image, which holds no file
 * of ours, so the SQL stands in the command, compressed, because ECS bounds a task definition to 64 KiB. It needs psql 15
 * or newer, base64 and gzip. Keeps the same records as `applyMigrations`.
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
      FILES: migrations.map(({ name, checksum }) => `# ${name} ${checksum}`).join("\n"),
      SQL: packed(
        script(`${FOLDER}/migration-task.sql`, {
          TAKE_LOCK,
          LIMIT_LOCK_WAIT,
          CREATE_BOOKKEEPING: createBookkeeping().trimEnd(),
          MIGRATIONS: migrations.map(applyOnce).join("").trimEnd(),
          PASSWORD_SETTING,
          SET_PROVISIONER_PASSWORD: setProvisionerPassword().trimEnd(),
          PREFLIGHT: trySignIn("'preflight: ' || problem || chr(10) || 'preflight: remedy: ' || remedy"),
        }).trimEnd(),
      ),
    }),
  );

/** Base64 of gzip. Not by Node's zlib, whose output differs between versions and processors. */
const packed = (text: string): string =>
  Buffer.from(gzipSync(strToU8(text), { level: 9, mtime: 0 })).toString("base64");

function applyOnce(migration: Migration): string {
  const { version, name, checksum, sql } = migration;
  for (const line of sql.split("\n"))
    if (line.startsWith("\\"))
      throw new Error(`migration ${name}: "${line}" would be read by psql, not by PostgreSQL`);
  return script(`${FOLDER}/apply-migration.sql`, {
    VERSION: String(version),
    NAME: name,
    CHECKSUM: checksum,
    CHANGED_MESSAGE: changedMessage(migration),
    SQL: sql,
  });
}
