-- What a sign-in writes, as a function: the profile, the rooms that a person left and those that they join fail
-- separately, and nobody's membership hangs on their profile. Runs as the user provisioner's role, which calls it.

-- Who made a membership: the Cognito groups (the user provisioner), which also end it, or a person, whom alone it obeys.
alter table public.chat_members add column if not exists origin text not null default 'group';
alter table public.chat_members
  alter column origin set default case when current_user = 'chat_user_provisioner' then 'group' else 'manual' end,
  add constraint chat_members_origin_check check (origin in ('group', 'manual')) not valid;

-- A mute outlives the membership: leaving a group and coming back would lift it otherwise.
create table if not exists public.chat_kept_mutes (
  room_id uuid not null references public.chat_rooms (id) on delete cascade,
  user_id text not null references public.users (id) on delete cascade,
  muted_until timestamptz,
  primary key (room_id, user_id)
);

create or replace function public.chat_members_keep_mute() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if tg_op = 'INSERT' then
    select true, kept.muted_until into new.is_muted, new.muted_until
      from public.chat_kept_mutes kept
     where kept.room_id = new.room_id and kept.user_id = new.user_id
       and (kept.muted_until is null or kept.muted_until > statement_timestamp());
    if not found then
      new.is_muted := coalesce(new.is_muted, false);
    end if;
    return new;
  end if;
  delete from public.chat_kept_mutes kept where kept.room_id = old.room_id and kept.user_id = old.user_id;
  if old.is_muted and (old.muted_until is null or old.muted_until > statement_timestamp()) then
    begin
      insert into public.chat_kept_mutes (room_id, user_id, muted_until)
      values (old.room_id, old.user_id, old.muted_until);
    exception when foreign_key_violation then
      -- The membership ended because the user or the room was deleted.
      null;
    end;
  end if;
  return null;
end $$;

create or replace trigger chat_members_restore_mute before insert on public.chat_members
  for each row when (not new.is_muted) execute function public.chat_members_keep_mute();
create or replace trigger chat_members_keep_mute after delete on public.chat_members
  for each row execute function public.chat_members_keep_mute();

-- Returns what failed, a row for each: step, SQLSTATE, message, and the column or constraint that PostgreSQL names.
create or replace function public.chat_provision_user(
  person text,
  preferred_username text,
  fallback_username text,
  person_name text,
  picture text,
  owns_profiles boolean,
  joined uuid[],
  departed uuid[],
  member_role text
) returns table (step text, code text, reason text, object text)
language plpgsql set search_path = '' as $$
declare
  known record;
  is_known boolean := false;
  samples text[];
begin
  begin
    select u.username, u.display_name, u.avatar_url into known from public.users u where u.id = person;
    is_known := found;
    if is_known then
      if owns_profiles then
        known.username := coalesce(preferred_username, known.username, fallback_username);
        known.display_name := coalesce(person_name, known.display_name);
        known.avatar_url := coalesce(picture, known.avatar_url);
      else
        known.username := coalesce(known.username, preferred_username, fallback_username);
        known.display_name := coalesce(known.display_name, person_name);
        known.avatar_url := coalesce(known.avatar_url, picture);
      end if;
      update public.users u
         set username = known.username, display_name = known.display_name, avatar_url = known.avatar_url
       where u.id = person
         and (u.username, u.display_name, u.avatar_url) is distinct from
             (known.username, known.display_name, known.avatar_url);
    else
      samples := array(select u.id from public.users u limit 20);
      if pg_catalog.cardinality(samples) >= 5 and person ~ '^[0-9a-f]{8}-' and not exists (
        select from pg_catalog.unnest(samples) id where id ~ '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$')
      then
        raise sqlstate '23C10' using message =
          pg_catalog.format('public.users has other ids than Cognito''s sub, such as %s', samples[1]);
      end if;
      insert into public.users (id, username, display_name, avatar_url)
      values (person, coalesce(preferred_username, fallback_username), person_name, picture)
      on conflict (id) do nothing;
    end if;
  exception when others then
    step := 'profile';
    get stacked diagnostics code = returned_sqlstate, reason = message_text, object = column_name;
    if object = '' then get stacked diagnostics object = constraint_name; end if;
    return next;
    if not is_known and code <> '23C10' then
      begin
        insert into public.users (id) values (person) on conflict (id) do nothing;
      exception when others then
        step := 'user';
        get stacked diagnostics code = returned_sqlstate, reason = message_text, object = column_name;
        if object = '' then get stacked diagnostics object = constraint_name; end if;
        return next;
      end;
    end if;
  end;

  begin
    delete from public.chat_members member
     where member.user_id = person and member.room_id = any (departed) and member.origin = 'group';
  exception when others then
    step := 'departures';
    get stacked diagnostics code = returned_sqlstate, reason = message_text, object = constraint_name;
    return next;
  end;

  begin
    update public.chat_members member set role = member_role
     where member.user_id = person and member.room_id = any (joined) and member.role <> member_role;
    insert into public.chat_members (room_id, user_id, role)
    select room, person, coalesce(member_role, 'user') from pg_catalog.unnest(joined) room
     where not exists (
       select from public.chat_members member where member.room_id = room and member.user_id = person)
    on conflict (room_id, user_id) do nothing;
  exception when others then
    step := 'memberships';
    get stacked diagnostics code = returned_sqlstate, reason = message_text, object = constraint_name;
    return next;
  end;
end $$;

-- Tries what a sign-in writes for somebody new and for somebody known, and undoes it. Returns what would fail, and the
-- remedy. To be called by the user provisioner's role.
create or replace function public.chat_preflight_provisioner() returns table (step text, problem text, remedy text)
language plpgsql set search_path = '' as $$
declare
  person constant text := pg_catalog.gen_random_uuid()::text;
  rooms constant uuid[] := array(select room.id from public.chat_rooms room);
  failures jsonb;
begin
  begin
    select pg_catalog.jsonb_agg(pg_catalog.to_jsonb(failed)) into failures from (
      select 'somebody new' as who, tried.*
        from public.chat_provision_user(
          person, null, 'preflight-' || person, 'Preflight', 'https://example.org/p.png', false,
          rooms, '{}', 'user') tried
      union all
      select 'somebody known', tried.*
        from public.chat_provision_user(
          person, 'preflight', null, 'Preflight ' || pg_catalog.repeat('x', 100), null, true, rooms[1:1], rooms[2:],
          'support') tried) failed;
    set constraints all immediate;
    raise sqlstate '23C11';
  exception
    when sqlstate '23C11' then null;
    when others then
      failures := coalesce(failures, '[]') || pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_object(
        'who', 'a sign-in', 'step', 'commit', 'code', sqlstate, 'reason', sqlerrm, 'object', ''));
  end;
  return query
  select failed.step,
         pg_catalog.format('%s of %s: %s (SQLSTATE %s%s)', failed.step, failed.who, failed.reason, failed.code,
           case when failed.object <> '' then ', ' || failed.object else '' end),
         case
           when failed.code = '23C10' then 'Make Cognito''s sub the id of public.users, or keep the chat''s users in a table of its own: memberships and tokens name people by their sub.'
           when failed.code = '23502' then pg_catalog.format('Give column %s of public.users a default, or let the backend insert the row when somebody signs up: the schedule then adds the memberships.', failed.object)
           when failed.code = '23505' then 'Nobody is kept out: a name that is taken is left empty.'
           when failed.code = '22001' then 'Nobody is kept out: a name that is too long is left empty. Widen the column to keep it.'
           when failed.code in ('23514', '22P02') then pg_catalog.format('Let %s accept rows with an id alone, or let the backend insert the row.', coalesce(nullif(failed.object, ''), 'the column''s type'))
           when failed.code = '42501' and failed.reason like '%row-level security%' then 'Add a policy for role chat_user_provisioner: create policy chat on public.users to chat_user_provisioner using (true) with check (true).'
           when failed.code = '42501' and failed.reason like '%hdb_catalog%' then 'Hasura''s event trigger on the table writes its log as the writer: grant usage on schema hdb_catalog, and insert and execute on what the trigger uses, to chat_user_provisioner.'
           when failed.code = '42501' then 'Grant chat_user_provisioner what the message names, or make the trigger''s function security definer.'
           else 'Look at the triggers and constraints of public.users: one of them refuses the row.'
         end
    from pg_catalog.jsonb_to_recordset(coalesce(failures, '[]'))
      as failed (who text, step text, code text, reason text, object text);
end $$;

grant select on public.chat_rooms to chat_user_provisioner;
