import type { TaskContainer } from "../../constructs/one-shot-container.ts";
import {
  CREATE_BOOKKEEPING,
  changedMessage,
  LIMIT_LOCK_WAIT,
  PASSWORD_SETTING,
  SET_PROVISIONER_PASSWORD,
  TAKE_LOCK,
} from "../../migrations/bookkeeping.ts";
import { type Migration, readMigrations } from "../../migrations/files.ts";

/**
 * libpq's own variables, and the password to give to the user provisioner's role. The stock image holds no
 * certificate of RDS, so PGSSLMODE is `require` there: encrypted, inside the VPC, the server not verified.
 */
const environment = [
  "PGHOST",
  "PGPORT",
  "PGDATABASE",
  "PGUSER",
  "PGPASSWORD",
  "PGSSLMODE",
  "USER_PROVISIONER_PASSWORD",
];

const endOfSql = "END_OF_SQL";

/**
 * The migrations as a container of the stock `postgres:16-alpine` image, which holds no file of ours: the
 * SQL stands in the command. Needs a POSIX shell and psql 15 or newer. Keeps the same records as
 * `applyMigrations`. Exits 0 when the schema is up to date, 64 when a variable is missing, else with
 * psql's code after printing the statement and the error.
 */
export function migrationContainer(migrations: readonly Migration[] = readMigrations()): TaskContainer {
  const script = `for name in ${environment.join(" ")}; do
  if eval "[ -z \\"\\$$name\\" ]"; then
    echo "migration: the environment variable $name is missing or empty" >&2
    exit 64
  fi
done
exec psql --no-psqlrc --no-password --quiet --echo-errors --set=ON_ERROR_STOP=1 <<'${endOfSql}'
${psqlScript(migrations)}
${endOfSql}
`;
  return { command: ["sh", "-c", script], environment };
}

function psqlScript(migrations: readonly Migration[]): string {
  return `set client_min_messages = warning;
${TAKE_LOCK} \\g /dev/null
${LIMIT_LOCK_WAIT};
${CREATE_BOOKKEEPING};
${migrations.map(applyOnce).join("\n")}
\\getenv password USER_PROVISIONER_PASSWORD
\\set ECHO none
select set_config('${PASSWORD_SETTING}', :'password', false) \\g /dev/null
${SET_PROVISIONER_PASSWORD};
\\echo 'migration: the schema is up to date'`;
}

function applyOnce(migration: Migration): string {
  const { version, name, checksum, sql } = migration;
  for (const line of sql.split("\n")) {
    if (line.startsWith("\\") || line === endOfSql) {
      throw new Error(`migration ${name}: "${line}" would be read by psql or the shell, not by PostgreSQL`);
    }
  }
  return `select exists (select from public.chat_schema_migrations where version = ${version}) as done,
  exists (select from public.chat_schema_migrations where version = ${version} and checksum <> '${checksum}') as changed \\gset
\\if :changed
do $$ begin raise exception '${changedMessage(migration)}'; end $$;
\\elif :done
\\echo 'migration: ${name} was applied before'
\\else
begin;
${sql}
;
insert into public.chat_schema_migrations (version, name, checksum) values (${version}, '${name}', '${checksum}');
commit;
\\echo 'migration: ${name} applied'
\\endif`;
}
