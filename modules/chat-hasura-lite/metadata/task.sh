#!/bin/sh
say() {
  printf 'metadata: %s\n' "$1"
}
stop() {
  say "$1" >&2
  exit "$2"
}
for name in HASURA_ENDPOINT HASURA_ADMIN_SECRET LINK_PREVIEW_URL; do
  eval "[ -n \"\$$name\" ]" || stop "the environment variable $name is missing or empty" 64
done
# It is put into JSON as it is.
case "$LINK_PREVIEW_URL" in
  *[!A-Za-z0-9:/?#@!,.=_~%+-]*) stop "LINK_PREVIEW_URL holds a character that has no place in a URL" 64 ;;
  http://* | https://*) ;;
  *) stop "LINK_PREVIEW_URL must begin with https://" 64 ;;
esac
case "$HASURA_ENDPOINT" in
  http://*/v1/graphql | https://*/v1/graphql) ;;
  *) stop "HASURA_ENDPOINT must have the form http://<service>:8080/v1/graphql" 64 ;;
esac
engine=$(printf %s "$HASURA_ENDPOINT" | sed 's|/v1/graphql$||')
# Given to curl as configuration on its input: an argument could be read in the process list.
secret=$(printf %s "$HASURA_ADMIN_SECRET" | sed 's|[\\"]|\\&|g')

# send <path> <call> [<option of curl>...]: leaves Hasura's answer in $answer; fails on every status but success.
send() {
  path=$1 call=$2
  shift 2
  answer=$(printf 'header = "x-hasura-admin-secret: %s"\n' "$secret" |
    curl --config - --silent --show-error --fail-with-body \
      --connect-timeout 10 --max-time 60 \
      --header 'content-type: application/json' "$@" --data-binary "$call" "$engine$path" 2>&1)
}
present() {
  printf %s "$answer" | grep -Eq '"code" *: *"already-(exists|tracked)"'
}
# put <what> <create> [<replace>]: an object that is there is kept, or replaced where that is given.
put() {
  if send /v1/metadata "$2"; then
    say "$1: made"
  elif ! present; then
    refused "$1"
  elif [ $# -lt 3 ]; then
    say "$1: present"
  elif send /v1/metadata "$3"; then
    say "$1: up to date"
  else
    refused "$1"
  fi
}
refused() {
  say "$1: Hasura answered: $answer" >&2
  case "$1 $answer" in
    *'event trigger'*'"code":"not-exists"'*)
      stop "a database trigger @DATABASE_TRIGGER@ is left over from metadata that is gone: drop it and run again" 1 ;;
    *'event trigger'* | *@WEBHOOK_SECRET_VARIABLE@*)
      stop "if an environment variable is what the engine lacks: set @WEBHOOK_SECRET_VARIABLE@ on the Hasura service, the secret that the link preview's webhook expects, restart the service and run again" 1 ;;
    *'table'*'"code":"not-exists"'*)
      stop "run the migration task first" 1 ;;
  esac
  stop "not applied; what came before this object is in place, and the task can be run again" 1
}

@STEPS@

send /v1/metadata '{"type":"get_inconsistent_metadata","args":{}}' || refused "check of consistency"
if printf %s "$answer" | grep -Eq '"is_consistent" *: *true'; then
  say "everything is consistent"
else
  say "Hasura reports inconsistent objects: $answer" >&2
  case "$answer" in
    *@WEBHOOK_SECRET_VARIABLE@*) stop "set the environment variable @WEBHOOK_SECRET_VARIABLE@ on the Hasura service" 1 ;;
    *chat_* | *link_previews*) stop "objects of the chat are inconsistent" 1 ;;
  esac
  say "none of them is the chat's" >&2
fi

has_trigger() {
  send /v2/query @CHECK_DATABASE_TRIGGER@ || refused "look-up of the database trigger"
  printf %s "$answer" | grep -Eq '\[ *"1" *\]'
}
if ! has_trigger; then
  say "the database trigger of the event trigger is missing: making it anew"
  send /v1/metadata '{"type":"reload_metadata","args":{"recreate_event_triggers":true}}' || refused "reload"
  has_trigger || stop "the database trigger @DATABASE_TRIGGER@ does not exist: Hasura's log says why" 1
fi
# Table users belongs to the backend, so permissions that it has are kept: do the documents of the chat's clients work?
unusable=
send /v1/graphql '@USERS_ROW@' || refused "query of table users"
all_rows=$answer
# shellcheck disable=SC2043 # several roles stand here in the task
for role in @ROLES@; do
  send /v1/graphql '@USERS_COLUMNS@' --header "x-hasura-role: $role" --header 'x-hasura-user-id: nobody' ||
    refused "query of role $role"
  case "$answer" in
    *'"errors"'*)
      say "role $role can't read @COLUMNS@ of users: Hasura answered: $answer" >&2
      unusable="$unusable $role" ;;
  esac
  send /v1/graphql '@USERS_ROW@' --header "x-hasura-role: $role" --header 'x-hasura-user-id: nobody' ||
    refused "query of role $role"
  case "$all_rows$answer" in
    *'"id"'*'"users":[]'*)
      say "WARNING: role $role sees only some rows of users, so that other people have no name in the chat: the select permission of role $role on users has a filter" >&2 ;;
  esac
done
[ -z "$unusable" ] ||
  stop "everything was applied, but requests of the chat's clients fail for the roles$unusable: give their select permission on users the columns @COLUMNS@ under these names, and run again" 1
say "applied"
