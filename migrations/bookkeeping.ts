/** What both ways of migrating, the ECS task and `applyMigrations`, write and obey. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Migration } from "./files.ts";

/** Held for the whole run: a second run waits, then finds nothing to do. */
export const takeLock = "select pg_advisory_lock(7240115381009431)";

/**
 * A statement that waits for a table longer than this gives up: everything that came after it would wait
 * with it. Set after the advisory lock, whose wait it would cut off too.
 */
export const limitLockWait = "set lock_timeout = '10s'";

/** Statement that makes the table of applied migrations. */
export const createBookkeeping = () => sqlFile("create-table.sql");

/** The message for a file that is no longer what was applied. */
export function changedMessage(migration: Migration): string {
  return `migration ${migration.name} was changed after it was applied: restore the file and write the change as a new migration`;
}

/** Custom setting that carries the password to the server outside of any logged DDL. */
export const passwordSetting = "phenom_chat.provisioner_password";

/**
 * Sets the user provisioner's password from the custom setting. An error of the inner statement would show
 * the password in its context, so only its message goes on. Roles belong to the server and advisory locks to
 * a database: where another database's migration writes the role in the same moment, PostgreSQL answers with
 * an internal error ("tuple concurrently updated"), and the second try finds the role free.
 */
export const setProvisionerPassword = () => sqlFile("set-provisioner-password.sql");

const sqlFile = (name: string) => readFileSync(join(process.cwd(), "migrations/bookkeeping", name), "utf8");
