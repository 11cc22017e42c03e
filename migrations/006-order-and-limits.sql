-- The order in which a room's messages were committed, limits by user, and what is in flight while somebody is banned.
-- A message takes two locks until its transaction ends: its sender's, which bans and mutes take too, and its room's, in
-- which the sequence is the order of commits. Both are advisory, so nobody who reads waits.

create sequence if not exists public.chat_message_seq;
alter table public.chat_messages add column if not exists seq bigint;
create index if not exists idx_chat_messages_seq on public.chat_messages (room_id, seq);

-- Messages whose row was removed, for caches that hold them.
create table if not exists public.chat_removed_messages (
  id uuid primary key,
  room_id uuid not null references public.chat_rooms (id) on delete cascade,
  seq bigint not null
);
create index if not exists idx_chat_removed_messages_seq on public.chat_removed_messages (room_id, seq);

-- The same rules as before, and: a message has something that can be seen; of role user ten a second and thirty at once;
-- a key whose message was deleted sends no second one.
create or replace function public.chat_messages_enforce_rules() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  session json := nullif(current_setting('hasura.user', true), '');
  is_user constant boolean := coalesce(session ->> 'x-hasura-role' = 'user', false);
  sender record;
begin
  if char_length(new.content) not between 1 and 4000 then
    raise exception 'A message has 1 to 4000 characters.' using errcode = '22C01';
  end if;
  -- ASCII letters and digits are what most messages begin with.
  if new.content !~ '^[!-~]' and new.content ~ '^[\s\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0]*$' then
    raise exception 'A message needs a character that can be seen.' using errcode = '22C04';
  end if;
  if new.message_type = 'phenom_link' and new.phenom_id is null
     or char_length(new.phenom_id) not between 1 and 255 then
    raise exception 'A message of type phenom_link needs a phenom_id of 1 to 255 characters.'
      using errcode = '22C02';
  end if;

  -- From here on every ban and mute of the sender is committed, or waits for this message. The look-ups see what was
  -- committed while this waited.
  perform pg_advisory_xact_lock(hashtextextended('chat sender ' || coalesce(new.user_id, ''), 0));

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

  if tg_op = 'INSERT' then
    -- Hasura runs all mutations of a request in one transaction and sets hasura.user in it.
    if is_user then
      if current_setting('phenom_chat.message_sent', true) = 'yes' then
        raise exception 'Send one message per request.' using errcode = '23C05';
      end if;
      perform set_config('phenom_chat.message_sent', 'yes', true);
      if 30 <= (
        select count(*) from (
          select from public.chat_messages message
           where message.user_id = new.user_id and message.created_at > clock_timestamp() - interval '3 seconds'
           limit 30) recent)
      then
        raise exception 'Send at most 10 messages a second.' using errcode = '23C06';
      end if;
    end if;
    if new.idempotency_key is not null and exists (
      select from public.chat_messages message
       where message.user_id = new.user_id and message.idempotency_key = new.idempotency_key and message.is_deleted)
    then
      raise exception 'This message was sent and deleted.' using errcode = '23C07';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('chat room ' || new.room_id::text, 0));
    new.seq := nextval('public.chat_message_seq');
  end if;
  return new;
end $$;

-- Editing: the same rules for whoever changes a text.
create or replace trigger chat_messages_enforce_rules_on_edit before update of content on public.chat_messages
  for each row when (old.content is distinct from new.content and not new.is_deleted)
  execute function public.chat_messages_enforce_rules();

-- A change moves a message to the end of its room's sequence. Whoever deletes their own message is recorded as a moderator
-- is.
create or replace function public.chat_messages_number() returns trigger
language plpgsql security definer set search_path = '' as $$
declare
  session json := nullif(current_setting('hasura.user', true), '');
begin
  if new.is_deleted and not old.is_deleted and new.deleted_by is null then
    new.deleted_by := session ->> 'x-hasura-user-id';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('chat room ' || new.room_id::text, 0));
  new.seq := nextval('public.chat_message_seq');
  return new;
end $$;

create or replace trigger chat_messages_number before update of content, is_deleted, message_type, phenom_id
  on public.chat_messages for each row execute function public.chat_messages_number();

create or replace function public.chat_messages_keep_removed() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('chat room ' || old.room_id::text, 0));
  insert into public.chat_removed_messages (id, room_id, seq)
  select old.id, old.room_id, nextval('public.chat_message_seq')
   where exists (select from public.chat_rooms room where room.id = old.room_id)
  on conflict (id) do nothing;
  return null;
end $$;

create or replace trigger chat_messages_keep_removed after delete on public.chat_messages
  for each row execute function public.chat_messages_keep_removed();

-- What changed in a room, for caches: new, edited, deleted and removed messages, in the order of commits.
create or replace view public.chat_message_changes as
  select message.id as message_id, message.room_id, message.seq, message.is_deleted
    from public.chat_messages message where message.seq is not null
  union all
  select removed.id, removed.room_id, removed.seq, true from public.chat_removed_messages removed;

-- A ban, a mute and the end of a membership wait for the person's messages in flight, and later ones see them.
create or replace function public.chat_lock_sender() returns trigger
language plpgsql set search_path = '' as $$
begin
  if tg_op = 'DELETE' then
    perform pg_advisory_xact_lock(hashtextextended('chat sender ' || old.user_id, 0));
    return old;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('chat sender ' || new.user_id, 0));
  return new;
end $$;

create or replace trigger chat_bans_lock_sender before insert or update on public.chat_bans
  for each row execute function public.chat_lock_sender();
create or replace trigger chat_members_lock_sender before update of is_muted, muted_until or delete on public.chat_members
  for each row execute function public.chat_lock_sender();
