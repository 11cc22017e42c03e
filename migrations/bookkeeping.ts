/** SQL that the ECS task and `applyMigrations` share. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Migration } from "./files.ts";

/** Held for the whole run: a second run waits and then finds nothing to do. */
export const TAKE_LOCK = "select pg_advisory_lock(7240115381009431)";

/**
 * Longest time that a statement waits for a table's lock, because later statements queue behind it. Set after the
 * advisory lock, whose wait it would limit too.
 */
export const LIMIT_LOCK_WAIT = "set lock_timeout = '10s'";

/** Statement that makes the table of applied migrations. */
export const createBookkeeping = () => sqlFile("create-table.sql");

/** The message for a file that was changed after it was applied. */
export function changedMessage(migration: Migration): string {
  return `migration ${migration.name} was changed after it was applied: restore the file and write the change as a new migration`;
}

/** Custom setting that carries the password to the server, because DDL statements are logged. */
export const PASSWORD_SETTING = "phenom_chat.provisioner_password";

/**
 * Sets the user provisioner's password from the custom setting. The context of an error would show the password, so
 * only the error's message is raised again. Roles belong to the server, advisory locks to a database: if a migration
 * of another database changes the role at the same moment, PostgreSQL raises an internal error ("tuple concurrently
 * updated"), and the next attempt succeeds.
 */
export const setProvisionerPassword = () => sqlFile("set-provisioner-password.sql");

const sqlFile = (name: string) => readFileSync(join(process.cwd(), "migrations/bookkeeping", name), "utf8");
