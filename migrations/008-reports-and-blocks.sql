-- What people report, and whom they block. Hasura's permissions say who reads and writes what.

create table if not exists public.chat_reports (
  id uuid primary key default gen_random_uuid(),
  message_id uuid not null references public.chat_messages (id) on delete cascade,
  reported_by text references public.users (id) on delete set null,
  reason text check (char_length(reason) <= 1000),
  created_at timestamptz not null default now(),
  is_resolved boolean not null default false,
  resolved_by text references public.users (id) on delete set null,
  unique (message_id, reported_by)
);
create index if not exists idx_chat_reports_open on public.chat_reports (created_at) where not is_resolved;
create index if not exists idx_chat_reports_reported_by on public.chat_reports (reported_by);
create index if not exists idx_chat_reports_resolved_by on public.chat_reports (resolved_by);

create table if not exists public.chat_blocks (
  id uuid primary key default gen_random_uuid(),
  user_id text not null references public.users (id) on delete cascade,
  blocked_id text not null references public.users (id) on delete cascade,
  created_at timestamptz not null default now(),
  unique (user_id, blocked_id),
  check (user_id <> blocked_id)
);
create index if not exists idx_chat_blocks_blocked on public.chat_blocks (blocked_id, user_id);
