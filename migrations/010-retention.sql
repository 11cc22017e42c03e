-- contracts: nothing; the revoked privilege is of a function that this file makes.
-- Old messages move from the table that everybody reads, with its indexes and its search, to an archive that nobody reads
-- through the chat. The database's owner exports it and removes what was exported.

create table if not exists public.chat_messages_archive (
  id uuid primary key,
  room_id uuid not null,
  user_id text references public.users (id) on delete set null,
  content text not null,
  message_type text not null,
  phenom_id text,
  is_deleted boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  archived_at timestamptz not null default now()
);
-- For a person who is erased, and for an export by time.
create index if not exists idx_chat_messages_archive_user on public.chat_messages_archive (user_id);
create index if not exists idx_chat_messages_archive_archived on public.chat_messages_archive using brin (archived_at);

-- A cache keeps what it has of a message that is only old: the archive is no deletion.
create or replace trigger chat_messages_keep_removed after delete on public.chat_messages
  for each row when (coalesce(current_setting('phenom_chat.archiving', true), '') <> 'yes')
  execute function public.chat_messages_keep_removed();

-- Moves the oldest messages of each room, in one transaction, and returns how many. The caller learns nothing else.
create or replace function public.chat_archive_messages(older_than_days integer, max_rows integer)
returns bigint language plpgsql security definer set search_path = '' as $$
declare
  moved bigint;
begin
  if older_than_days is null or older_than_days < 30 then
    raise invalid_parameter_value using message = 'Messages are kept for at least 30 days.';
  end if;
  perform set_config('phenom_chat.archiving', 'yes', true);
  with old as (
    select oldest.id
      from public.chat_rooms room
     cross join lateral (
       select message.id from public.chat_messages message
        where message.room_id = room.id
          and message.created_at < statement_timestamp() - make_interval(days => older_than_days)
        order by message.created_at, message.id limit max_rows) oldest
     limit max_rows
  ), gone as (
    delete from public.chat_messages message using old where message.id = old.id returning message.*
  )
  insert into public.chat_messages_archive
    (id, room_id, user_id, content, message_type, phenom_id, is_deleted, created_at, updated_at)
  select id, room_id, user_id, content, message_type, phenom_id, is_deleted, created_at, updated_at from gone;
  get diagnostics moved = row_count;
  perform set_config('phenom_chat.archiving', '', true);
  return moved;
end $$;
revoke all on function public.chat_archive_messages(integer, integer) from public;
grant execute on function public.chat_archive_messages(integer, integer) to chat_user_provisioner;

-- As before, and: the person's messages in the archive.
create or replace function public.chat_erase_user(person text, with_messages boolean)
returns table (messages bigint, memberships bigint, bans bigint)
language plpgsql set search_path = '' as $$
declare
  archived bigint;
begin
  if with_messages then
    delete from public.chat_messages_archive message where message.user_id = person;
    get diagnostics archived = row_count;
    delete from public.chat_messages message where message.user_id = person;
  else
    update public.chat_messages_archive message set user_id = null where message.user_id = person;
    get diagnostics archived = row_count;
    update public.chat_messages message set user_id = null, idempotency_key = null where message.user_id = person;
  end if;
  get diagnostics messages = row_count;
  messages := messages + archived;
  update public.chat_messages message set deleted_by = null where message.deleted_by = person;
  update public.chat_bans ban set banned_by = null where ban.banned_by = person;
  delete from public.chat_bans ban where ban.user_id = person;
  get diagnostics bans = row_count;
  delete from public.chat_members member where member.user_id = person;
  get diagnostics memberships = row_count;
  delete from public.chat_kept_mutes kept where kept.user_id = person;
  delete from public.chat_blocks block where person in (block.user_id, block.blocked_id);
  update public.chat_reports report set reported_by = null where report.reported_by = person;
  update public.chat_reports report set resolved_by = null where report.resolved_by = person;
  delete from public.chat_push_devices device where device.user_id = person;
  return next;
end $$;
