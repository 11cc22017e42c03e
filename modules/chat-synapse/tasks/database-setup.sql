set client_min_messages = warning;
\getenv name SYNAPSE_DATABASE_NAME
\getenv role SYNAPSE_DATABASE_USER
\getenv password SYNAPSE_DATABASE_PASSWORD
select pg_advisory_lock(7240115381009432) \g /dev/null
select set_config('synapse_setup.name', :'name', false), set_config('synapse_setup.role', :'role', false) \g /dev/null

select not exists (select from pg_roles where rolname = :'role') as missing \gset
\if :missing
create role :"role" login;
\echo 'synapse database: role' :role 'made'
\else
\echo 'synapse database: role' :role 'is there'
\endif

\set ECHO none
select set_config('synapse_setup.password', :'password', false) \g /dev/null
do $$
begin
  execute format('alter role %I with login password %L',
    current_setting('synapse_setup.role'), current_setting('synapse_setup.password'));
exception when others then
  -- The context of the inner error would show the password.
  raise exception 'the password of role % could not be set: %', current_setting('synapse_setup.role'), sqlerrm
    using errcode = sqlstate, hint = format(
      'The role was made by another user. As that user run: grant %I to %I with admin option;',
      current_setting('synapse_setup.role'), current_user);
end $$;
\set ECHO errors

-- From PostgreSQL 16 on, making a role gives the right to grant it, not the right to act as it (to make its database)
-- nor to use what is its own (to dump, repair and drop that database).
select not (pg_has_role(:'role', 'SET') and pg_has_role(:'role', 'USAGE')) as missing \gset
\if :missing
grant :"role" to current_user with set true, inherit true;
\endif

select not exists (select from pg_database where datname = :'name') as missing \gset
\if :missing
create database :"name" with owner :"role" template template0 encoding 'UTF8' locale_provider libc lc_collate 'C' lc_ctype 'C';
\echo 'synapse database: database' :name 'made'
\else
\echo 'synapse database: database' :name 'is there'
\endif

do $$
declare
  found record;
  name text := current_setting('synapse_setup.name');
  role text := current_setting('synapse_setup.role');
begin
  select datcollate, datctype, pg_encoding_to_char(encoding) as encoding, pg_get_userbyid(datdba) as owner
    into found from pg_database where datname = name;
  if (found.datcollate, found.datctype, found.encoding) is distinct from ('C', 'C', 'UTF8') then
    raise exception 'database % has collation %, ctype % and encoding %; Synapse needs C, C and UTF8',
      name, found.datcollate, found.datctype, found.encoding
      using hint = format('If it holds nothing: drop database %I; and run this again. Else dump it with pg_dump, '
        'drop it, run this again, and restore the dump into the new database as %I.', name, role);
  end if;
  if found.owner <> role then
    raise exception 'database % belongs to %, not to %', name, found.owner, role
      using hint = format('As its owner run: alter database %I owner to %I;', name, role);
  end if;
end $$;

set role :"role";
revoke all on database :"name" from public;
reset role;
