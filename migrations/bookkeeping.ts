/** SQL that the ECS task and `applyMigrations` share. */

import { USER_PROVISIONER_ROLE } from "../shared/database-roles.ts";
import type { Migration } from "./files.ts";

/** Held for the whole run: a second run waits and then finds nothing to do. */
export const TAKE_LOCK = "select pg_advisory_lock(7240115381009431)";

/**
 * Longest time that a statement waits for a table's lock, because later statements queue behind it. Set after the
 * advisory lock, whose wait it would limit too.
 */
export const LIMIT_LOCK_WAIT = "set lock_timeout = '10s'";

export const CREATE_BOOKKEEPING = `create table if not exists public.chat_schema_migrations (
  version integer primary key,
  name text not null,
  checksum text not null,
  applied_at timestamptz not null default now()
)`;

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
export const SET_PROVISIONER_PASSWORD = `do $$
begin
  for attempt in 1..20 loop
    begin
      execute format('alter role ${USER_PROVISIONER_ROLE} password %L', current_setting('${PASSWORD_SETTING}'));
      return;
    exception
      when internal_error then
        if attempt = 20 then raise; end if;
        perform pg_sleep(0.05 * random());
    end;
  end loop;
exception when others then
  raise exception 'the password of role ${USER_PROVISIONER_ROLE} could not be set: %', sqlerrm using errcode = sqlstate,
    hint = 'On PostgreSQL 16 and later the migrating user must have made the role or hold its ADMIN OPTION.';
end $$`;
