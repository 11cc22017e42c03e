-- Devices that want push notifications, and the messages that are still to be announced. Nothing is written to the outbox
-- until its trigger is enabled, by whoever runs a function that empties it:
--   alter table public.chat_messages enable trigger chat_messages_push;

create table if not exists public.chat_push_devices (
  id uuid primary key default gen_random_uuid(),
  user_id text not null references public.users (id) on delete cascade,
  app_id text not null check (char_length(app_id) between 1 and 64),
  pushkey text not null check (char_length(pushkey) between 1 and 512),
  created_at timestamptz not null default now(),
  unique (app_id, pushkey)
);
create index if not exists idx_chat_push_devices_user on public.chat_push_devices (user_id, created_at);

create table if not exists public.chat_push_outbox (
  message_id uuid primary key references public.chat_messages (id) on delete cascade,
  created_at timestamptz not null default now()
);
create index if not exists idx_chat_push_outbox_created on public.chat_push_outbox (created_at);

-- A device belongs to whoever registered it last, and a person has at most twenty.
create or replace function public.chat_push_devices_take_over() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  delete from public.chat_push_devices device
   where device.app_id = new.app_id and device.pushkey = new.pushkey
      or device.id in (
           select known.id from public.chat_push_devices known
            where known.user_id = new.user_id order by known.created_at desc, known.id offset 19);
  return new;
end $$;

create or replace trigger chat_push_devices_take_over before insert on public.chat_push_devices
  for each row execute function public.chat_push_devices_take_over();

create or replace function public.chat_messages_push() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  insert into public.chat_push_outbox (message_id) values (new.id);
  return null;
end $$;

create or replace trigger chat_messages_push after insert on public.chat_messages
  for each row execute function public.chat_messages_push();
alter table public.chat_messages disable trigger chat_messages_push;
