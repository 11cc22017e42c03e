#!/bin/sh
for name in PGHOST PGPORT PGDATABASE PGUSER PGPASSWORD PGSSLMODE HASURA_DATABASE_USER HASURA_DATABASE_PASSWORD; do
  if [ -z "$(printenv "$name")" ]; then
    echo "hasura: the environment variable $name is missing or empty" >&2
    exit 64
  fi
done
exec psql --no-psqlrc --no-password --quiet --echo-errors --set=ON_ERROR_STOP=1 <<'END_OF_SQL'
@SQL@
END_OF_SQL
