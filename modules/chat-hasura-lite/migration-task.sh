#!/bin/sh
for name in PGHOST PGPORT PGDATABASE PGUSER PGPASSWORD PGSSLMODE USER_PROVISIONER_PASSWORD; do
  if eval "[ -z \"\$$name\" ]"; then
    echo "migration: the environment variable $name is missing or empty" >&2
    exit 64
  fi
done
exec psql --no-psqlrc --no-password --quiet --echo-errors --set=ON_ERROR_STOP=1 <<'END_OF_SQL'
@SQL@
END_OF_SQL
