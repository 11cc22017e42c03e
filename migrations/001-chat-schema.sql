-- The chat's tables, rules, search and database roles. Tables made by hand from the first draft of this
-- schema are adopted with their rows: the columns come first, what that draft lacked is added below them.

-- Belongs to the Phenom backend; made here only where the chat runs without it.
create table if not exists public.users (
  id text primary key,
  username text,
  display_name text,
  avatar_url text
);

do $$
declare
  missing text;
begin
  select string_agg(wanted, ', ') into missing
    from unnest(array['id', 'username', 'display_name', 'avatar_url']) as wanted
   where not exists (
     select from information_schema.columns
      where table_schema = 'public' and table_name = 'users' and column_name = wanted);
  if missing is not null then
    raise exception 'table public.users lacks the columns that the chat reads: %', missing
      using hint = 'Add them (type text, nullable) to the table of the Phenom backend, then migrate again.';
  end if;
end $$;

create table if not exists public.chat_rooms (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  description text,
  created_at timestamptz default now(),
  is_active boolean default true
);

create table if not exists public.chat_messages (
  id uuid primary key default gen_random_uuid(),
  room_id uuid not null references public.chat_rooms (id),
  user_id text not null references public.users (id),
  content text not null,
  message_type text default 'text' check (message_type in ('text', 'phenom_link')),
  phenom_id text,
  is_deleted boolean default false,
  deleted_by text references public.users (id),
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);

create table if not exists public.chat_members (
  id uuid primary key default gen_random_uuid(),
  room_id uuid not null references public.chat_rooms (id),
  user_id text not null references public.users (id),
  role text default 'user' check (role in ('user', 'support', 'admin')),
  is_muted boolean default false,
  muted_until timestamptz,
  joined_at timestamptz default now(),
  unique (room_id, user_id)
);

create table if not exists public.chat_bans (
  id uuid primary key default gen_random_uuid(),
  room_id uuid not null references public.chat_rooms (id),
  user_id text not null references public.users (id),
  banned_by text not null references public.users (id),
  reason text,
  banned_at timestamptz default now(),
  expires_at timestamptz
);

create table if not exists public.link_previews (
  id uuid primary key default gen_random_uuid(),
  url text not null,
  phenom_id text unique,
  title text,
  description text,
  thumbnail_url text,
  media_type text,
  resolved_at timestamptz default now(),
  expires_at timestamptz
);

-- Hasura's event triggers cannot filter inserts, so the messages that want a preview are listed here.
create table if not exists public.chat_link_preview_requests (
  id uuid primary key default gen_random_uuid(),
  phenom_id text not null,
  created_at timestamptz not null default now()
);

alter table public.chat_rooms
  alter column created_at set not null,
  alter column is_active set not null;

alter table public.chat_messages
  alter column message_type set not null,
  alter column is_deleted set not null,
  alter column created_at set not null,
  alter column updated_at set not null,
  add column if not exists idempotency_key text,
  drop constraint if exists chat_messages_content_check,
  add constraint chat_messages_content_check check (char_length(content) between 1 and 4000),
  add constraint chat_messages_phenom_id_check check (char_length(phenom_id) between 1 and 255),
  add constraint chat_messages_phenom_link_check
    check (message_type <> 'phenom_link' or phenom_id is not null),
  add constraint chat_messages_idempotency_key_check check (char_length(idempotency_key) between 1 and 255),
  add constraint chat_messages_user_id_idempotency_key_key unique (user_id, idempotency_key);

alter table public.chat_members
  alter column role set not null,
  alter column is_muted set not null,
  alter column joined_at set not null;

alter table public.chat_bans
  alter column banned_at set not null;

alter table public.link_previews
  alter column resolved_at set not null;

-- Serves keyset pagination: order by created_at desc, id desc, continued below (created_at, id).
drop index if exists public.idx_chat_messages_room_created;
create index idx_chat_messages_room_created on public.chat_messages (room_id, created_at desc, id desc);
create index if not exists idx_chat_messages_user on public.chat_messages (user_id);
create index if not exists idx_chat_messages_search on public.chat_messages
  using gin (to_tsvector('english'::regconfig, content));
-- Serves a room's members in the order in which they joined, likewise.
drop index if exists public.idx_chat_members_room;
create index idx_chat_members_room on public.chat_members (room_id, joined_at, id);
create index if not exists idx_chat_members_user on public.chat_members (user_id);
create index if not exists idx_chat_bans_room_user on public.chat_bans (room_id, user_id);
create index if not exists idx_link_previews_phenom on public.link_previews (phenom_id);
create index if not exists idx_chat_link_preview_requests_phenom
  on public.chat_link_preview_requests (phenom_id);

insert into public.chat_rooms (id, name, description) values
  ('550e8400-e29b-41d4-a716-446655440001', 'Phenom Internal', 'The Phenom team'),
  ('550e8400-e29b-41d4-a716-446655440002', 'Phenom Partners', 'Collaborators of the Phenom team'),
  ('550e8400-e29b-41d4-a716-446655440003', 'Phenom Community', 'Everyone who uses the Phenom app')
on conflict (id) do nothing;

-- Rules. Hasura shows a client the message of an error whose SQLSTATE is of class 22 or 23 and hides every
-- other; the codes ending in Cnn are the chat's own and, like the messages, part of its interface.
-- The rules run as their owner, because they may read more than the writer may. Every trigger function has an
-- empty search path, because it must not find what a caller put in its way.

create or replace function public.chat_messages_enforce_rules() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  session json := nullif(current_setting('hasura.user', true), '');
  sender record;
begin
  if char_length(new.content) not between 1 and 4000 then
    raise exception 'A message has 1 to 4000 characters.' using errcode = '22C01';
  end if;
  if new.message_type = 'phenom_link' and new.phenom_id is null
     or char_length(new.phenom_id) not between 1 and 255 then
    raise exception 'A message of type phenom_link needs a phenom_id of 1 to 255 characters.'
      using errcode = '22C02';
  end if;

  -- Index look-ups only; the statement's time, so that a mute or ban ends by itself.
  select room.is_active,
         member.id is not null as is_member,
         member.is_muted and (member.muted_until is null or member.muted_until > statement_timestamp())
           as is_muted,
         exists (
           select from public.chat_bans ban
            where ban.room_id = new.room_id and ban.user_id = new.user_id
              and (ban.expires_at is null or ban.expires_at > statement_timestamp())) as is_banned
    into sender
    from public.chat_rooms room
    left join public.chat_members member on member.room_id = room.id and member.user_id = new.user_id
   where room.id = new.room_id;

  -- A ban goes first: a banned user learns no more. A room that does not exist has no members.
  if sender.is_banned then
    raise exception 'You are banned from this room.' using errcode = '23C03';
  elsif sender.is_member is not true then
    raise exception 'You are not a member of this room.' using errcode = '23C02';
  elsif not sender.is_active then
    raise exception 'This room takes no new messages.' using errcode = '23C01';
  elsif sender.is_muted then
    raise exception 'You are muted in this room.' using errcode = '23C04';
  end if;

  -- Hasura runs all mutations of a request in one transaction and sets hasura.user in it.
  if session ->> 'x-hasura-role' = 'user' then
    if current_setting('phenom_chat.message_sent', true) = 'yes' then
      raise exception 'Send one message per request.' using errcode = '23C05';
    end if;
    perform set_config('phenom_chat.message_sent', 'yes', true);
  end if;
  return new;
end $$;

create or replace trigger chat_messages_enforce_rules before insert on public.chat_messages
  for each row execute function public.chat_messages_enforce_rules();

create or replace function public.chat_messages_touch() returns trigger
language plpgsql set search_path = '' as $$
begin
  new.updated_at := now();
  return new;
end $$;

create or replace trigger chat_messages_touch before update on public.chat_messages
  for each row execute function public.chat_messages_touch();

-- Runs as the writer: Hasura's own trigger on the outbox fires inside and writes to Hasura's event log, which
-- the owner of this function need not be allowed to.
create or replace function public.chat_messages_request_link_preview() returns trigger
language plpgsql set search_path = '' as $$
begin
  insert into public.chat_link_preview_requests (phenom_id)
  select new.phenom_id
   where not exists (
     select from public.link_previews preview
      where preview.phenom_id = new.phenom_id
        and (preview.expires_at is null or preview.expires_at > statement_timestamp()));
  return null;
end $$;

create or replace trigger chat_messages_request_link_preview after insert on public.chat_messages
  for each row when (new.message_type = 'phenom_link')
  execute function public.chat_messages_request_link_preview();

-- A stored preview answers every request for it: what stays in the outbox is what could not be resolved.
create or replace function public.link_previews_close_requests() returns trigger
language plpgsql set search_path = '' as $$
begin
  delete from public.chat_link_preview_requests request where request.phenom_id = new.phenom_id;
  return null;
end $$;

create or replace trigger link_previews_close_requests after insert or update on public.link_previews
  for each row execute function public.link_previews_close_requests();

-- Who may see a message that matches is decided by the select permission of the caller's role. Neither
-- function pins its search path: PostgreSQL would no longer inline it, and the index would go unused.
create or replace function public.search_chat_messages(query text) returns setof public.chat_messages
language sql stable parallel safe as $$
  select message.*
    from public.chat_messages message
   where pg_catalog.to_tsvector('english'::pg_catalog.regconfig, message.content)
         operator(pg_catalog.@@) pg_catalog.websearch_to_tsquery('english'::pg_catalog.regconfig, query)
$$;

-- A computed field of Hasura: a time literal in a permission would be frozen in the prepared statement.
create or replace function public.chat_bans_is_active(ban public.chat_bans) returns boolean
language sql stable parallel safe as $$
  select ban.expires_at is null or ban.expires_at operator(pg_catalog.>) pg_catalog.now()
$$;

-- The user provisioner signs in as this role; its password is set by each run of the migrations.
do $$
begin
  create role chat_user_provisioner login;
exception
  -- Roles belong to the server: another database's migration may have been first.
  when duplicate_object or unique_violation then null;
end $$;

grant usage on schema public to chat_user_provisioner;
grant select, insert (id, username, display_name, avatar_url), update (username, display_name, avatar_url)
  on public.users to chat_user_provisioner;
grant select, insert (room_id, user_id, role), update (role), delete
  on public.chat_members to chat_user_provisioner;
