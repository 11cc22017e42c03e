create role chat_push login;
grant usage on schema public to chat_push;
grant select on public.chat_messages, public.chat_members, public.chat_bans, public.chat_blocks,
  public.chat_push_devices, public.chat_push_outbox to chat_push;
grant update, delete on public.chat_push_outbox to chat_push;
grant delete on public.chat_push_devices to chat_push;
alter table public.chat_messages enable trigger chat_messages_push;
