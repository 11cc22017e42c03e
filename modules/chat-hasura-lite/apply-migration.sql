select exists (select from public.chat_schema_migrations where version = @VERSION@) as done,
  exists (select from public.chat_schema_migrations where version = @VERSION@ and checksum <> '@CHECKSUM@') as changed \gset
\if :changed
do $$ begin raise exception '@CHANGED_MESSAGE@'; end $$;
\elif :done
\echo 'migration: @NAME@ was applied before'
\else
begin;
@SQL@
;
insert into public.chat_schema_migrations (version, name, checksum) values (@VERSION@, '@NAME@', '@CHECKSUM@');
commit;
\echo 'migration: @NAME@ applied'
\endif
