/** What both ways of migrating, the ECS task and `applyMigrations`, write and obey. */
import type { Migration } from "./files.ts";
import { userProvisionerRole } from "./roles.ts";

/** Held for the whole run: a second run waits, then finds nothing to do. */
export const takeLock = "select pg_advisory_lock(7240115381009431)";

/**
 * A statement that waits for a table longer than this gives up: everything that came after it would wait
 * with it. Set after the advisory lock, whose wait it would cut off too.
 */
export const limitLockWait = "set lock_timeout = '10s'";

export const createBookkeeping = `create table if not exists public.chat_schema_migrations (
  version integer primary key,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now()
)`;

/** The message for a file that is no longer what was applied. */
export function changedMessage(migration: Migration): string {
  return `migration ${migration.name} was changed after it was applied: restore the file and write the change as a new migration`;
}

/** Custom setting that carries the password to the server outside of any logged DDL. */
export const passwordSetting = "phenom_chat.provisioner_password";

/**
 * Sets the user provisioner's password from the custom setting. An error of the inner statement would show
 * the password in its context, so only its message goes on.
 */
export const setProvisionerPassword = `do $$
begin
  execute format('alter role ${userProvisionerRole} password %L', current_setting('${passwordSetting}'));
exception when others then
  raise exception 'the password of role ${userProvisionerRole} could not be set: %', sqlerrm using errcode = sqlstate,
    hint = 'On PostgreSQL 16 and later the migrating user must have made the role or hold its ADMIN OPTION.';
end $$`;
