-- A search reads only as far back as its page needs: each entry of the index also has the day and the month of its
-- message as words. Before, a word in one of a hundred messages took seconds among five million.

create or replace function public.chat_search_days(at timestamptz) returns tsvector
language plpgsql immutable strict parallel safe as $$
begin
  return array_to_tsvector(array[
    to_char(at at time zone 'UTC', '@YYYYMMDD'), to_char(at at time zone 'UTC', '@YYYYMM')]);
end $$;

create or replace function public.chat_messages_index_words() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if new.is_deleted then
    delete from public.chat_message_search where message_id = new.id;
    return null;
  end if;
  insert into public.chat_message_search (message_id, room_id, user_id, created_at, words)
  select new.id, new.room_id, new.user_id, new.created_at,
         public.chat_search_vector(new.content, room.language) operator(pg_catalog.||)
           public.chat_search_days(new.created_at)
    from public.chat_rooms room where room.id = new.room_id
  on conflict (message_id) do update
    set room_id = excluded.room_id, user_id = excluded.user_id,
        created_at = excluded.created_at, words = excluded.words;
  return null;
end $$;

create or replace function public.chat_rooms_index_words() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update public.chat_message_search search
     set words = public.chat_search_vector(message.content, new.language) operator(pg_catalog.||)
                   public.chat_search_days(message.created_at)
    from public.chat_messages message
   where message.id = search.message_id and search.room_id = new.id;
  return null;
end $$;

-- Built anew, which is quicker than changing each of its entries.
drop index if exists public.idx_chat_messages_search;
update public.chat_message_search set words = words || public.chat_search_days(created_at);
create index idx_chat_messages_search on public.chat_message_search using gin (words) with (fastupdate = off);

-- Messages that match, newest first, of the rooms that the caller may read. Limit and visibility are applied inside,
-- because a common word matches more messages than can be sorted in time. The newest messages are tried one after the
-- other; a rarer word asks the index for the last days, then for months, and only then for all times.
create or replace function public.find_chat_messages(
  hasura_session json,
  query text,
  max_rows integer,
  room uuid default null,
  sender text default null,
  since timestamptz default null,
  until timestamptz default null,
  before timestamptz default null,
  before_id uuid default null
) returns setof public.chat_messages
language plpgsql stable set search_path = '' set jit = off as $$
declare
  tried constant integer := 2000;
  caller text := hasura_session ->> 'x-hasura-user-id';
  is_staff boolean := coalesce(hasura_session ->> 'x-hasura-role' in ('support', 'chat_admin'), false);
  searched record;
  candidates record;
  span record;
  wanted tsquery;
  conditions text;
  hits uuid[];
  chosen uuid[] := '{}';
  is_searchable boolean;
begin
  for searched in
    select candidate.language, pg_catalog.array_agg(candidate.id) as rooms
      from public.chat_rooms candidate
     where (room is null or candidate.id = room)
       and (is_staff or (
         exists (
           select from public.chat_members member
            where member.room_id = candidate.id and member.user_id = caller)
         and not exists (
           select from public.chat_bans ban
            where ban.room_id = candidate.id and ban.user_id = caller
              and (ban.expires_at is null or ban.expires_at > statement_timestamp()))))
     group by candidate.language
  loop
    wanted := public.chat_search_query(query, searched.language);
    is_searchable := coalesce(is_searchable, false) or wanted is not null;
    continue when wanted is null;
    conditions := pg_catalog.concat_ws(' and ',
      case when pg_catalog.cardinality(searched.rooms) = 1 then 's.room_id = ($1)[1]' else 's.room_id = any ($1)' end,
      case when sender is not null then 's.user_id = $3' end,
      case when since is not null then 's.created_at >= $4' end,
      case when until is not null then 's.created_at < $5' end,
      case when before is not null then '(s.created_at, s.message_id) < ($6, $7)' end);
    execute pg_catalog.format(
      'select array(
         select newest.message_id from (
           select s.message_id, s.created_at, s.words from public.chat_message_search s
            where %s order by s.created_at desc, s.message_id desc limit $9) newest
          where newest.words @@ $2 order by newest.created_at desc, newest.message_id desc limit $8)', conditions)
      into hits using searched.rooms, wanted, sender, since, until, before, before_id, max_rows, tried;
    if pg_catalog.cardinality(hits) < max_rows then
      execute pg_catalog.format(
        'select pg_catalog.count(*) as number, pg_catalog.max(newest.created_at) at time zone ''UTC'' as newest from (
           select s.created_at from public.chat_message_search s
            where %s order by s.created_at desc, s.message_id desc limit $9) newest', conditions)
        into candidates using searched.rooms, wanted, sender, since, until, before, before_id, max_rows, tried;
      if candidates.number = tried then
        for span in
          select begins, scope
            from (values
              (date_trunc('day', candidates.newest) - interval '1 day', interval '1 day', '@YYYYMMDD'),
              (date_trunc('month', candidates.newest) - interval '1 month', interval '1 month', '@YYYYMM'),
              (date_trunc('month', candidates.newest) - interval '12 months', interval '1 month', '@YYYYMM'),
              (null, null, null)) as spans (begins, step, form)
            cross join lateral (
              select pg_catalog.string_agg(pg_catalog.quote_literal(pg_catalog.to_char(part, form)), ' | ')::tsquery
                from pg_catalog.generate_series(begins, candidates.newest, step) part) as scopes (scope)
             order by begins desc nulls last
        loop
          execute pg_catalog.format(
            'select array(
               with hits as materialized (
                 select s.message_id, s.created_at from public.chat_message_search s where s.words @@ $2 and %s)
               select message_id from hits order by created_at desc, message_id desc limit $8)', conditions)
            into hits
            using searched.rooms, coalesce(wanted && span.scope, wanted), sender, since, until, before, before_id, max_rows;
          exit when pg_catalog.cardinality(hits) = max_rows or since at time zone 'UTC' >= span.begins;
        end loop;
      end if;
    end if;
    chosen := chosen || hits;
  end loop;
  if not is_searchable then
    raise exception 'The query holds nothing that can be searched.' using errcode = '22C03';
  end if;
  return query
    select message.* from public.chat_messages message
     where message.id = any (chosen)
     order by message.created_at desc, message.id desc limit max_rows;
end $$;
