-- What becomes of the chat when a person is deleted from public.users: memberships, kept mutes and bans of the person go;
-- messages stay without an author, as do bans and deletions without who ordered them.

alter table public.chat_messages
  alter column user_id drop not null,
  drop constraint if exists chat_messages_user_id_fkey,
  add constraint chat_messages_user_id_fkey
    foreign key (user_id) references public.users (id) on delete set null not valid,
  drop constraint if exists chat_messages_deleted_by_fkey,
  add constraint chat_messages_deleted_by_fkey
    foreign key (deleted_by) references public.users (id) on delete set null not valid;
alter table public.chat_members
  drop constraint if exists chat_members_user_id_fkey,
  add constraint chat_members_user_id_fkey
    foreign key (user_id) references public.users (id) on delete cascade not valid;
alter table public.chat_bans
  alter column banned_by drop not null,
  drop constraint if exists chat_bans_user_id_fkey,
  add constraint chat_bans_user_id_fkey
    foreign key (user_id) references public.users (id) on delete cascade not valid,
  drop constraint if exists chat_bans_banned_by_fkey,
  add constraint chat_bans_banned_by_fkey
    foreign key (banned_by) references public.users (id) on delete set null not valid;
alter table public.chat_message_search alter column user_id drop not null;
-- A deletion of a person looks for them here.
create index if not exists idx_chat_messages_deleted_by on public.chat_messages (deleted_by) where deleted_by is not null;

-- Losing its author is no edit of a message.
create or replace trigger chat_messages_touch before update on public.chat_messages
  for each row when (
    new.user_id is not distinct from old.user_id and (new.deleted_by is not null or old.deleted_by is null))
  execute function public.chat_messages_touch();

-- Takes a person out of the chat and leaves their row in public.users to its owner. With `with_messages` their messages are
-- removed too. Returns what was done.
create or replace function public.chat_erase_user(person text, with_messages boolean)
returns table (messages bigint, memberships bigint, bans bigint)
language plpgsql set search_path = '' as $$
begin
  if with_messages then
    delete from public.chat_messages message where message.user_id = person;
  else
    update public.chat_messages message set user_id = null, idempotency_key = null where message.user_id = person;
  end if;
  get diagnostics messages = row_count;
  update public.chat_messages message set deleted_by = null where message.deleted_by = person;
  update public.chat_bans ban set banned_by = null where ban.banned_by = person;
  delete from public.chat_bans ban where ban.user_id = person;
  get diagnostics bans = row_count;
  delete from public.chat_members member where member.user_id = person;
  get diagnostics memberships = row_count;
  delete from public.chat_kept_mutes kept where kept.user_id = person;
  return next;
end $$;
