-- Search that finds what people mean: words by the language of their room, without accents, the parts of addresses, any
-- part of a text in scripts without spaces, and emoji. Newest first, which one index on the words cannot serve, so what
-- is searched stands in a narrow table of its own. Its functions are in PL/pgSQL, which keeps their plans: one in SQL that
-- can't be inlined is planned anew at each call, which made indexing a message eight times as slow.

alter table public.chat_rooms add column if not exists language text not null default 'english';

-- Whether a member is banned now: a computed field of Hasura, as is_active of a ban.
create or replace function public.chat_members_is_banned(member public.chat_members) returns boolean
language sql stable parallel safe as $$
  select exists (
    select from public.chat_bans ban
     where ban.room_id = member.room_id and ban.user_id = member.user_id
       and (ban.expires_at is null or ban.expires_at operator(pg_catalog.>) pg_catalog.now()))
$$;

-- A text in lower case, without accents and without what only changes an emoji's looks.
create or replace function public.chat_search_fold(content text) returns text
language plpgsql immutable strict parallel safe as $$
begin
  if octet_length(content) = char_length(content) then
    return lower(content);
  end if;
  return replace(replace(replace(replace(translate(
    lower(normalize(
      regexp_replace(
        normalize(content, nfkd), '[\u0300-\u036f\ufe0f\u200d\U0001f3fb-\U0001f3ff]', '', 'g'),
      nfc) collate "pg_c_utf8"),
    'øłđðı', 'olddi'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th');
end $$;

-- Runs of characters that are found anywhere in a text: scripts without spaces, Korean with its endings, emoji.
create or replace function public.chat_search_unspaced() returns text
language sql immutable parallel safe as $$
  select '[\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u2194-\u21aa\u231a-\u23ff\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55'
      || '\u2e80-\u2fdf\u3005-\u3007\u3030-\u303d\u3041-\u30ff\u3130-\u318f\u31f0-\u31ff\u3297\u3299\u3400-\u4dbf'
      || '\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U0001f000-\U0001faff\U00020000-\U0003134f]+'
$$;

-- The words of a folded text, between spaces: an address falls into its parts.
create or replace function public.chat_search_words(folded text) returns text
language plpgsql immutable strict parallel safe as $$
begin
  if octet_length(folded) > char_length(folded) then
    folded := regexp_replace(folded, public.chat_search_unspaced(), ' ', 'g');
  end if;
  return regexp_replace(folded collate "pg_c_utf8", '[^[:alnum:]]+', ' ', 'g');
end $$;

-- The single characters and pairs of neighbours of a folded text's unspaced runs.
create or replace function public.chat_search_parts(folded text) returns text[]
language plpgsql immutable strict parallel safe as $$
begin
  if octet_length(folded) = char_length(folded) then
    return '{}';
  end if;
  return (
    select coalesce(array_agg(distinct substr(run[1], place, length)), '{}')
      from regexp_matches(folded, public.chat_search_unspaced(), 'g') run,
           generate_series(1, char_length(run[1])) place,
           generate_series(1, 2) length
     where place + length - 1 <= char_length(run[1]));
end $$;

-- The text search configuration of a language; one that PostgreSQL lacks is searched by whole words.
create or replace function public.chat_search_config(language text) returns regconfig
language plpgsql stable strict parallel safe as $$
begin
  return coalesce(
    (select config.oid from pg_catalog.pg_ts_config config
      where config.cfgname = language and config.cfgnamespace = 'pg_catalog'::regnamespace),
    'pg_catalog.simple'::regconfig)::regconfig;
end $$;

create or replace function public.chat_search_vector(content text, language text) returns tsvector
language plpgsql stable strict parallel safe as $$
declare
  folded text := public.chat_search_fold(content);
begin
  return to_tsvector(public.chat_search_config(language), public.chat_search_words(folded))
      || array_to_tsvector(public.chat_search_parts(folded));
end $$;

-- What a query asks for: all words must occur, "quotes" keep a phrase together, or gives alternatives, -word leaves out.
-- Null where nothing searchable remains: only words without meaning, or nothing that must occur.
create or replace function public.chat_search_query(query text, language text) returns tsquery
language plpgsql stable strict parallel safe set search_path = '' as $$
declare
  config regconfig := public.chat_search_config(language);
  term record;
  folded text;
  part tsquery;
  positive tsquery;
  negative tsquery;
  whole tsquery;
begin
  for term in
    select matched[1] = '-' as is_negative, matched[2] as phrase, matched[3] as word
      from pg_catalog.regexp_matches(query || ' or', '(-?)(?:"([^"]*)"|(\S+))', 'g') matched
  loop
    if not term.is_negative and lower(term.word) = 'or' then
      if positive is not null then
        part := positive operator(pg_catalog.&&) coalesce(operator(pg_catalog.!!) negative, ''::tsquery);
        whole := coalesce(whole operator(pg_catalog.||) part, part);
      end if;
      positive := null;
      negative := null;
      continue;
    end if;
    folded := public.chat_search_fold(coalesce(term.phrase, term.word));
    part := pg_catalog.phraseto_tsquery(config, public.chat_search_words(folded));
    -- A single character is looked up as such, a longer run by its pairs.
    select part operator(pg_catalog.&&) coalesce(
             pg_catalog.string_agg(pg_catalog.quote_literal(piece), ' & ')::tsquery, ''::tsquery)
      into part
      from pg_catalog.regexp_matches(folded, public.chat_search_unspaced(), 'g') run,
           pg_catalog.unnest(public.chat_search_parts(run[1])) piece
     where pg_catalog.char_length(piece) = least(pg_catalog.char_length(run[1]), 2);
    continue when pg_catalog.numnode(part) = 0;
    if term.is_negative then
      negative := coalesce(negative operator(pg_catalog.||) part, part);
    else
      positive := coalesce(positive operator(pg_catalog.&&) part, part);
    end if;
  end loop;
  return whole;
end $$;

create table if not exists public.chat_message_search (
  message_id uuid primary key references public.chat_messages (id) on delete cascade on update cascade,
  room_id uuid not null,
  user_id text not null,
  created_at timestamptz not null,
  words tsvector not null
);

-- Runs as its owner: nobody else writes to the table.
create or replace function public.chat_messages_index_words() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  if new.is_deleted then
    delete from public.chat_message_search where message_id = new.id;
    return null;
  end if;
  insert into public.chat_message_search (message_id, room_id, user_id, created_at, words)
  select new.id, new.room_id, new.user_id, new.created_at, public.chat_search_vector(new.content, room.language)
    from public.chat_rooms room where room.id = new.room_id
  on conflict (message_id) do update
    set room_id = excluded.room_id, user_id = excluded.user_id,
        created_at = excluded.created_at, words = excluded.words;
  return null;
end $$;

create or replace trigger chat_messages_index_words
  after insert or update of room_id, user_id, content, is_deleted, created_at on public.chat_messages
  for each row execute function public.chat_messages_index_words();

create or replace function public.chat_rooms_index_words() returns trigger
language plpgsql security definer set search_path = '' as $$
begin
  update public.chat_message_search search
     set words = public.chat_search_vector(message.content, new.language)
    from public.chat_messages message
   where message.id = search.message_id and search.room_id = new.id;
  return null;
end $$;

create or replace trigger chat_rooms_index_words after update of language on public.chat_rooms
  for each row when (old.language is distinct from new.language)
  execute function public.chat_rooms_index_words();

insert into public.chat_message_search (message_id, room_id, user_id, created_at, words)
select message.id, message.room_id, message.user_id, message.created_at,
       public.chat_search_vector(message.content, room.language)
  from public.chat_messages message join public.chat_rooms room on room.id = message.room_id
 where not message.is_deleted
on conflict (message_id) do nothing;

create index if not exists idx_chat_message_search_created
  on public.chat_message_search (created_at desc, message_id desc);
create index if not exists idx_chat_message_search_room
  on public.chat_message_search (room_id, created_at desc, message_id desc);
create index if not exists idx_chat_message_search_user
  on public.chat_message_search (user_id, created_at desc, message_id desc);
-- Replaces the index on the message's text. Without a list of what was added last, which every search would read.
drop index if exists public.idx_chat_messages_search;
create index idx_chat_messages_search on public.chat_message_search using gin (words) with (fastupdate = off);
-- Serves what somebody wrote, newest first.
drop index if exists public.idx_chat_messages_user;
create index idx_chat_messages_user on public.chat_messages (user_id, created_at desc, id desc);

-- The former search, for clients that know it: with the new words, in English.
create or replace function public.search_chat_messages(query text) returns setof public.chat_messages
language sql stable parallel safe as $$
  select message.*
    from public.chat_message_search search join public.chat_messages message on message.id = search.message_id
   where search.words operator(pg_catalog.@@) public.chat_search_query(query, 'english')
$$;

-- Messages that match, newest first, of the rooms that the caller may read. Limit and visibility are applied inside,
-- because a common word matches more messages than can be sorted in time: those that were written last are tried one
-- after the other first, and only a rarer word asks the index.
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
language plpgsql stable set search_path = '' as $$
declare
  caller text := hasura_session ->> 'x-hasura-user-id';
  is_staff boolean := coalesce(hasura_session ->> 'x-hasura-role' in ('support', 'chat_admin'), false);
  searched record;
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
            where %s order by s.created_at desc, s.message_id desc limit 5000) newest
          where newest.words @@ $2 order by newest.created_at desc, newest.message_id desc limit $8)', conditions)
      into hits using searched.rooms, wanted, sender, since, until, before, before_id, max_rows;
    if pg_catalog.cardinality(hits) < max_rows then
      execute pg_catalog.format(
        'select array(
           with hits as materialized (
             select s.message_id, s.created_at from public.chat_message_search s where s.words @@ $2 and %s)
           select message_id from hits order by created_at desc, message_id desc limit $8)', conditions)
        into hits using searched.rooms, wanted, sender, since, until, before, before_id, max_rows;
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
