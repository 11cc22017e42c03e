#!/bin/sh
# Migrations, with the SHA-256 of each file:
@FILES@
for name in PGHOST PGPORT PGDATABASE PGUSER PGPASSWORD PGSSLMODE USER_PROVISIONER_PASSWORD; do
  if eval "[ -z \"\$$name\" ]"; then
    echo "migration: the environment variable $name is missing or empty" >&2
    exit 64
  fi
done
# ECS bounds a task definition to 64 KiB. Nothing runs unless the whole text was unpacked.
sql=$(printf %s '@SQL@' | base64 -d | gzip -dc) || {
  echo "migration: the SQL in this task definition can't be unpacked: it is damaged" >&2
  exit 1
}
exec psql --no-psqlrc --no-password --quiet --echo-errors --set=ON_ERROR_STOP=1 <<END_OF_SQL
$sql
END_OF_SQL
