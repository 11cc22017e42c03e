-- Search finds Arabic and Hebrew without their vowel points, Greek with either sigma, digits of other scripts, words that
-- were torn apart by invisible characters, and people by their names without accents. Of a script without spaces it finds
-- the text itself: before, the pairs of neighbours of a query could stand anywhere in a message.

-- A text in lower case and ASCII digits, without accents, without vowel points that texts may leave out, and without
-- characters that nobody sees or that only change an emoji's looks.
create or replace function public.chat_search_fold(content text) returns text
language plpgsql immutable strict parallel safe as $$
begin
  if octet_length(content) = char_length(content) then
    return lower(content);
  end if;
  return replace(replace(replace(replace(translate(
    lower(normalize(
      regexp_replace(
        normalize(content, nfkd),
        '[\u00ad\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u061c\u0640'
          || '\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff'
          || '\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\ufeff'
          || '\U0001f3fb-\U0001f3ff\U000e0000-\U000e007f]', '', 'g'),
      nfc) collate "pg_c_utf8"),
    'øłđðıħς٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९', 'olddihσ012345678901234567890123456789'),
    'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th');
end $$;

-- As before, without Georgian, which has spaces.
create or replace function public.chat_search_unspaced() returns text
language sql immutable parallel safe as $$
  select '[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2194-\u21aa\u231a-\u23ff\u25aa-\u27bf\u2934\u2935'
      || '\u2b05-\u2b55\u2e80-\u2fdf\u3005-\u3007\u3030-\u303d\u3041-\u30ff\u3105-\u318f\u31a0-\u31bf\u31f0-\u31ff'
      || '\u3297\u3299\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U0001f000-\U0001faff'
      || '\U00020000-\U000323af]+'
$$;

-- The single characters of a folded text's unspaced runs, and the pairs of neighbours with their places.
create or replace function public.chat_search_places(folded text) returns tsvector
language plpgsql immutable strict parallel safe as $$
begin
  if octet_length(folded) = char_length(folded) then
    return ''::tsvector;
  end if;
  return (
    select coalesce(string_agg(
             quote_literal(substr(run, place, 1)) || case when place < char_length(run) then
               ' ' || quote_literal(substr(run, place, 2)) || ':' || least(before + place, 16383) else '' end, ' '), '')
      from (
        select matched[1] as run,
               -- One more than the runs before have, so that two runs are no neighbours.
               coalesce(sum(char_length(matched[1]) + 1) over (
                 order by number rows between unbounded preceding and 1 preceding), 0) as before
          from regexp_matches(folded, public.chat_search_unspaced(), 'g') with ordinality as runs (matched, number)) numbered,
      generate_series(1, char_length(run)) place)::tsvector;
end $$;

create or replace function public.chat_search_vector(content text, language text) returns tsvector
language plpgsql stable strict parallel safe as $$
declare
  folded text := public.chat_search_fold(content);
begin
  return to_tsvector(public.chat_search_config(language), public.chat_search_words(folded))
      || public.chat_search_places(folded);
end $$;

-- As before, but the pairs of a run follow each other.
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
    select part operator(pg_catalog.&&) coalesce(pg_catalog.string_agg(pairs.text, ' & ')::tsquery, ''::tsquery)
      into part
      from pg_catalog.regexp_matches(folded, public.chat_search_unspaced(), 'g') run,
           lateral (
             select case pg_catalog.char_length(run[1])
                      when 1 then pg_catalog.quote_literal(run[1])
                      else (
                        select pg_catalog.string_agg(
                                 pg_catalog.quote_literal(pg_catalog.substr(run[1], place, 2)), ' <-> ' order by place)
                          from pg_catalog.generate_series(1, pg_catalog.char_length(run[1]) - 1) place)
                    end as text) pairs;
    continue when pg_catalog.numnode(part) = 0;
    if term.is_negative then
      negative := coalesce(negative operator(pg_catalog.||) part, part);
    else
      positive := coalesce(positive operator(pg_catalog.&&) part, part);
    end if;
  end loop;
  return whole;
end $$;

-- Texts of ASCII are indexed as they were.
update public.chat_message_search search
   set words = public.chat_search_vector(message.content, room.language) || public.chat_search_days(message.created_at)
  from public.chat_messages message join public.chat_rooms room on room.id = message.room_id
 where message.id = search.message_id and octet_length(message.content) > char_length(message.content);

-- What people are found by: user name and display name, on lines of their own, as search reads them.
create or replace function public.chat_search_names(username text, display_name text) returns text
language plpgsql immutable parallel safe as $$
begin
  return public.chat_search_fold(concat_ws(chr(10), username, display_name));
end $$;

-- The same of a member, and of somebody who is banned: computed fields of Hasura.
create or replace function public.chat_members_searched_names(member public.chat_members) returns text
language sql stable parallel safe as $$
  select public.chat_search_names(person.username, person.display_name) from public.users person
   where person.id = member.user_id
$$;

create or replace function public.chat_bans_searched_names(ban public.chat_bans) returns text
language sql stable parallel safe as $$
  select public.chat_search_names(person.username, person.display_name) from public.users person
   where person.id = ban.user_id
$$;

-- Whether no other ban of the person in the room lasts longer; of several that end together it is one.
create or replace function public.chat_bans_is_longest(ban public.chat_bans) returns boolean
language sql stable parallel safe as $$
  select not exists (
    select from public.chat_bans other
     where other.room_id = ban.room_id and other.user_id = ban.user_id
       and (coalesce(other.expires_at, 'infinity'), other.id) > (coalesce(ban.expires_at, 'infinity'), ban.id))
$$;

-- contracts: chat_search_parts, which only the functions replaced above called
drop function public.chat_search_parts(text);
