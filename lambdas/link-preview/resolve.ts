import { timed } from "../shared/timed.ts";
import { fetchContent } from "./content.ts";
import type { Send } from "./hasura.ts";
import { hasFreshPreview, storeNewerPreview } from "./previews.ts";

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
 * Makes sure that a fresh preview of the content is stored.
 *
 * @param latencies receives the milliseconds of each call by metric name
 * @throws the errors of `Send`; nothing is stored then, and the same call may succeed later
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
