set client_min_messages = warning;
\getenv role HASURA_DATABASE_USER
\getenv password HASURA_DATABASE_PASSWORD
-- Tasks that start at the same time take turns.
select pg_advisory_lock(7240115381009433) \g /dev/null

select not exists (select from pg_roles where rolname = :'role') as missing \gset
\if :missing
create role :"role" login;
\endif

\set ECHO none
select set_config('hasura_setup.role', :'role', false), set_config('hasura_setup.password', :'password', false) \g /dev/null
do $$
begin
  execute format('alter role %I with login password %L',
    current_setting('hasura_setup.role'), current_setting('hasura_setup.password'));
exception when others then
  -- The context of the inner error would show the password.
  raise exception 'the password of role % could not be set: %', current_setting('hasura_setup.role'), sqlerrm
    using errcode = sqlstate;
end $$;
\set ECHO errors

-- One slow query must not hold a connection; Hasura has no such setting for PostgreSQL.
alter role :"role" set statement_timeout = '10s';

-- The owner uses what Hasura makes: its event log, and the tables of the backend.
select not pg_has_role(:'role', 'USAGE') as missing \gset
\if :missing
grant :"role" to current_user with set true, inherit true;
\endif

-- Hasura keeps its metadata in a schema of its own.
grant connect, create, temporary on database :"DBNAME" to :"role";
grant usage, create on schema public to :"role";
grant all on all tables in schema public to :"role";
grant all on all sequences in schema public to :"role";
grant execute on all functions in schema public to :"role";
-- What later migrations make.
alter default privileges in schema public grant all on tables to :"role";
alter default privileges in schema public grant all on sequences to :"role";
alter default privileges in schema public grant execute on functions to :"role";
\echo 'hasura: role' :role 'is ready'
