set client_min_messages = warning;
@TAKE_LOCK@ \g /dev/null
@LIMIT_LOCK_WAIT@;
@CREATE_BOOKKEEPING@
@MIGRATIONS@
\getenv password USER_PROVISIONER_PASSWORD
\set ECHO none
select set_config('@PASSWORD_SETTING@', :'password', false) \g /dev/null
@SET_PROVISIONER_PASSWORD@
\echo 'migration: the schema is up to date'
\set ON_ERROR_STOP off
\pset tuples_only on
\pset format unaligned
@PREFLIGHT@
