import * as z from "zod/mini";
import type { Content } from "./content.ts";
import type { Send } from "./hasura.ts";

/** How long a preview is fresh: a message with its link requests it again after a day. */
const PREVIEW_LIFETIME_MS = 24 * 60 * 60 * 1000;

// The same definition of fresh as in the database's trigger that requests previews.
const FRESH_PREVIEW = `query FreshPreview($phenomId: String!, $now: timestamptz!) {
  link_previews(
    where: { phenom_id: { _eq: $phenomId }, _or: [{ expires_at: { _is_null: true } }, { expires_at: { _gt: $now } }] }
    limit: 1
  ) { id }
}`;

// Events may come twice and out of order, so an older answer never replaces a newer one.
const STORE_PREVIEW = `mutation StorePreview($preview: link_previews_insert_input!, $resolvedAt: timestamptz!) {
  insert_link_previews_one(
    object: $preview
    on_conflict: {
      constraint: link_previews_phenom_id_key
      update_columns: [url, title, description, thumbnail_url, media_type, resolved_at, expires_at]
      where: { resolved_at: { _lte: $resolvedAt } }
    }
  ) { id }
}`;

// An id without content leaves nothing behind. A preview that was resolved later stays.
const FORGET_PREVIEW = `mutation ForgetPreview($phenomId: String!, $resolvedAt: timestamptz!) {
  delete_link_previews(where: { phenom_id: { _eq: $phenomId }, resolved_at: { _lte: $resolvedAt } }) { affected_rows }
  delete_chat_link_preview_requests(where: { phenom_id: { _eq: $phenomId } }) { affected_rows }
}`;

const EXPIRING_PREVIEWS = `query ExpiringPreviews($until: timestamptz!, $limit: Int!) {
  link_previews(where: { expires_at: { _lt: $until } }, order_by: [{ expires_at: asc }], limit: $limit) { phenom_id }
}`;

const WAITING_REQUESTS = `query WaitingRequests($since: timestamptz!, $limit: Int!) {
  chat_link_preview_requests(
    where: { created_at: { _gt: $since } }, order_by: [{ created_at: asc }], limit: $limit
  ) { created_at }
}`;

const id = z.object({ id: z.string() });
const waiting = z.object({ chat_link_preview_requests: z.array(z.object({ created_at: z.string() })) });
const expiring = z.object({ link_previews: z.array(z.object({ phenom_id: z.nullable(z.string()) })) });
const fresh = z.object({ link_previews: z.array(id) });
const stored = z.object({ insert_link_previews_one: z.nullable(id) });

/** Age at which a request is given up, because people have scrolled past its link. */
const LOOKED_AT_MS = 24 * 60 * 60 * 1000;
/** Requests that are counted at most: an alarm rings at fewer. */
const COUNTED = 1000;

/** The requests that wait for a preview: how many, and for how long the oldest does. */
export async function waitingRequests(
  send: Send,
  signal: AbortSignal,
): Promise<{ depth: number; ageSeconds: number }> {
  const since = new Date(Date.now() - LOOKED_AT_MS).toISOString();
  const rows = waiting.parse(await send(WAITING_REQUESTS, { since, limit: COUNTED }, signal));
  const { chat_link_preview_requests: requests } = rows;
  const [oldest] = requests;
  const age = oldest ? Date.now() - Date.parse(oldest.created_at) : 0;
  return { depth: requests.length, ageSeconds: Math.max(0, Math.round(age / 1000)) };
}

/** Whether an unexpired preview of the content is stored. */
export async function hasFreshPreview(send: Send, phenomId: string, signal: AbortSignal): Promise<boolean> {
  const data = await send(FRESH_PREVIEW, { phenomId, now: new Date().toISOString() }, signal);
  return fresh.parse(data).link_previews.length > 0;
}

export interface Preview extends Content {
  readonly phenom_id: string;
  readonly url: string;
}

/**
 * Inserts or replaces the preview of a piece of content.
 *
 * @param resolvedAt when its content was requested
 * @returns false if a preview that was resolved later is already stored
 */
export async function storeNewerPreview(
  send: Send,
  preview: Preview,
  resolvedAt: Date,
  signal: AbortSignal,
): Promise<boolean> {
  const times = {
    resolved_at: resolvedAt.toISOString(),
    expires_at: new Date(resolvedAt.getTime() + PREVIEW_LIFETIME_MS).toISOString(),
  };
  const variables = { preview: { ...preview, ...times }, resolvedAt: times.resolved_at };
  return stored.parse(await send(STORE_PREVIEW, variables, signal)).insert_link_previews_one !== null;
}

/** Removes the preview of content that is not there, and the requests for it. */
export async function forgetPreview(
  send: Send,
  phenomId: string,
  resolvedAt: Date,
  signal: AbortSignal,
): Promise<void> {
  await send(FORGET_PREVIEW, { phenomId, resolvedAt: resolvedAt.toISOString() }, signal);
}

/** Ids of the content whose previews expire before a time, the oldest first. */
export async function expiringPreviews(
  send: Send,
  until: Date,
  limit: number,
  signal: AbortSignal,
): Promise<string[]> {
  const data = await send(EXPIRING_PREVIEWS, { until: until.toISOString(), limit }, signal);
  return expiring.parse(data).link_previews.flatMap(({ phenom_id }) => phenom_id ?? []);
}
