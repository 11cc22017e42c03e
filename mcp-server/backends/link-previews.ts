import * as z from "zod";
import { withDeadline } from "../../shared/deadline.ts";
import type { LinkPreview } from "../chat/model.ts";
import { contentUrl } from "./matrix-form.ts";
import type { SynapseClient } from "./synapse-client.ts";

/** Longest time that a page of messages waits for its previews. Synapse goes on and has them the next time. */
const TIMEOUT_MS = 1_000;

const text = z.string().min(1).optional().catch(undefined);
const previewSchema = z.object({
  "og:title": text,
  "og:description": text,
  "og:image": text,
  "og:type": text,
});

/** Previews of linked content, by content id, without those that Synapse cannot give now. */
export type LinkPreviews = (
  phenomIds: Iterable<string>,
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, LinkPreview>>;

export function linkPreviews(client: SynapseClient, template: string): LinkPreviews {
  const fetchPreview = async (phenomId: string, signal: AbortSignal): Promise<LinkPreview | undefined> => {
    const url = contentUrl(template, phenomId);
    const found = await client.read(
      `/_matrix/client/v1/media/preview_url?url=${encodeURIComponent(url)}`,
      previewSchema,
      signal,
    );
    if (found["og:title"] === undefined) return undefined;
    return {
      url,
      title: found["og:title"],
      description: found["og:description"],
      thumbnail_url: found["og:image"],
      media_type: found["og:type"],
    };
  };
  return async (phenomIds, signal) => {
    const late = () => new Error("no preview in time");
    const found = await Promise.all(
      [...new Set(phenomIds)].map(async (id): Promise<[string, LinkPreview][]> => {
        const preview = await withDeadline(signal, TIMEOUT_MS, late, (inner) =>
          fetchPreview(id, inner),
        ).catch(() => undefined);
        return preview ? [[id, preview]] : [];
      }),
    );
    signal.throwIfAborted();
    return new Map(found.flat());
  };
}
