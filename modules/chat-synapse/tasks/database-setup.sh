#!/bin/sh
for name in PGHOST PGPORT PGUSER PGPASSWORD PGSSLMODE PGDATABASE SYNAPSE_DATABASE_NAME SYNAPSE_DATABASE_USER SYNAPSE_DATABASE_PASSWORD; do
  if [ -z "$(printenv "$name")" ]; then
    echo "synapse database: the environment variable $name is missing or empty" >&2
    exit 64
  fi
done
psql --no-psqlrc --no-password --quiet --echo-errors --set=ON_ERROR_STOP=1 <<'END_OF_SQL' || exit
@SQL@
END_OF_SQL
export PGDATABASE="$SYNAPSE_DATABASE_NAME" PGUSER="$SYNAPSE_DATABASE_USER" PGPASSWORD="$SYNAPSE_DATABASE_PASSWORD"
psql --no-psqlrc --no-password --quiet --output=/dev/null --set=ON_ERROR_STOP=1 --command='select 1' || exit
echo "synapse database: $SYNAPSE_DATABASE_USER can use $SYNAPSE_DATABASE_NAME"
