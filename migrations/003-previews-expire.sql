-- Readers see a preview only while it is fresh, so that content which was deleted or made private leaves the chat within
-- a day. A computed field of Hasura: a time literal in a permission would be frozen in the prepared statement.
create or replace function public.link_previews_is_fresh(preview public.link_previews) returns boolean
language sql stable parallel safe as $$
  select preview.expires_at is null or preview.expires_at operator(pg_catalog.>) pg_catalog.now()
$$;

-- Serves the search for previews that expire soon and are renewed.
create index if not exists idx_link_previews_expires on public.link_previews (expires_at);
