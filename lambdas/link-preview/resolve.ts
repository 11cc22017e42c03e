import { timed } from "../shared/timed.ts";
import { fetchContent } from "./content.ts";
import type { Send } from "./hasura.ts";
import { hasFreshPreview, storeNewerPreview } from "./previews.ts";

export interface Sources {
  readonly hasura: Send;
  readonly content: Send;
  readonly contentQuery: string;
  /** URL with {id} where the content's id belongs. */
  readonly urlTemplate: string;
}

/** What became of a request for a preview: `superseded` by one that was resolved later, `unknown` content. */
export type Resolution = "stored" | "cached" | "superseded" | "unknown";

/**
 * Makes sure that a fresh preview of the content is stored.
 *
 * @param latencies gets the milliseconds of each call by metric name
 * @throws what asking throws; nothing is stored then, and the same call may succeed later
 */
export async function resolvePreview(
  { hasura, content, contentQuery, urlTemplate }: Sources,
  phenomId: string,
  signal: AbortSignal,
  latencies: Record<string, number>,
): Promise<Resolution> {
  const isFresh = await timed(latencies, "LookupDuration", () => hasFreshPreview(hasura, phenomId, signal));
  if (isFresh) return "cached";

  const resolvedAt = new Date();
  const found = await timed(latencies, "ContentDuration", () =>
    fetchContent(content, contentQuery, phenomId, signal),
  );
  if (!found) return "unknown";

  const url = urlTemplate.replaceAll("{id}", () => encodeURIComponent(phenomId));
  const preview = { phenom_id: phenomId, url, ...found };
  const isNewest = await timed(latencies, "StoreDuration", () =>
    storeNewerPreview(hasura, preview, resolvedAt, signal),
  );
  return isNewest ? "stored" : "superseded";
}
