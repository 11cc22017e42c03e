import { timed } from "../shared/timed.ts";
import { fetchContent } from "./content.ts";
import type { Send } from "./hasura.ts";
import { expiringPreviews, forgetPreview, hasFreshPreview, storeNewerPreview } from "./previews.ts";

export interface Sources {
  readonly hasura: Send;
  readonly content: Send;
  readonly contentQuery: string;
  /** URL of a piece of content, with {id} for its id. */
  readonly urlTemplate: string;
}

/** Result of a request for a preview; `superseded` means that a preview which was resolved later is stored. */
export type Resolution = "stored" | "cached" | "superseded" | "unknown";

/**
 * Makes sure that a fresh preview of the content is stored; of content that the role can't see, none.
 *
 * @param latencies receives the milliseconds of each call by metric name
 * @throws the errors of `Send`; nothing is stored then, and the same call may succeed later
 */
export async function resolvePreview(
  sources: Sources,
  phenomId: string,
  signal: AbortSignal,
  latencies: Record<string, number>,
): Promise<Resolution> {
  const isFresh = await timed(latencies, "LookupDuration", () =>
    hasFreshPreview(sources.hasura, phenomId, signal),
  );
  return isFresh ? "cached" : storeCurrent(sources, phenomId, signal, latencies);
}

/** Stores what the content is now, whether or not a preview is stored. */
async function storeCurrent(
  { hasura, content, contentQuery, urlTemplate }: Sources,
  phenomId: string,
  signal: AbortSignal,
  latencies: Record<string, number>,
): Promise<Exclude<Resolution, "cached">> {
  const resolvedAt = new Date();
  const found = await timed(latencies, "ContentDuration", () =>
    fetchContent(content, contentQuery, phenomId, signal),
  );
  if (!found) {
    await timed(latencies, "StoreDuration", () => forgetPreview(hasura, phenomId, resolvedAt, signal));
    return "unknown";
  }
  const url = urlTemplate.replaceAll("{id}", () => encodeURIComponent(phenomId));
  const preview = { phenom_id: phenomId, url, ...found };
  const isNewest = await timed(latencies, "StoreDuration", () =>
    storeNewerPreview(hasura, preview, resolvedAt, signal),
  );
  return isNewest ? "stored" : "superseded";
}

/** Previews that one run renews; with a run every 15 minutes 19 200 a day. */
const RENEWED_AT_ONCE = 200;
/** Time before its end in which a preview is renewed: several runs, so that one failure hides no preview. */
const RENEW_BEFORE_MS = 2 * 60 * 60 * 1000;
/** Content queries at a time. */
const PARALLEL = 5;

/**
 * Renews the previews that expire soon, and removes those whose content was deleted or made private. A preview expires by
 * itself if the content query fails.
 *
 * @returns how many were renewed, removed and failed
 */
export async function renewPreviews(
  sources: Sources,
  signal: AbortSignal,
): Promise<{ renewed: number; removed: number; failed: number; error?: unknown }> {
  const until = new Date(Date.now() + RENEW_BEFORE_MS);
  const ids = await expiringPreviews(sources.hasura, until, RENEWED_AT_ONCE, signal);
  const counts: { renewed: number; removed: number; failed: number; error?: unknown } = {
    renewed: 0,
    removed: 0,
    failed: 0,
  };
  const renewOne = async (phenomId: string) => {
    try {
      const result = await storeCurrent(sources, phenomId, signal, {});
      counts[result === "unknown" ? "removed" : "renewed"] += 1;
    } catch (error) {
      counts.failed += 1;
      counts.error = error;
    }
  };
  const queue = [...ids];
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) await renewOne(next);
    }),
  );
  return counts;
}
