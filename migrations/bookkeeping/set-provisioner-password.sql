do $$
begin
  for attempt in 1..20 loop
    begin
      execute format('alter role chat_user_provisioner password %L', current_setting('phenom_chat.provisioner_password'));
      return;
    exception
      when internal_error then
        if attempt = 20 then raise; end if;
        perform pg_sleep(0.05 * random());
    end;
  end loop;
exception when others then
  raise exception 'the password of role chat_user_provisioner could not be set: %', sqlerrm using errcode = sqlstate,
    hint = 'On PostgreSQL 16 and later the migrating user must have made the role or hold its ADMIN OPTION.';
end $$;
