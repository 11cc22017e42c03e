import * as z from "zod/mini";
import { parseJson } from "../../shared/json.ts";
import { invalidFields } from "../shared/parsing.ts";

const httpRequest = z.looseObject({
  headers: z.record(z.string(), z.optional(z.string())),
  body: z.nullish(z.string()),
  isBase64Encoded: z.optional(z.boolean()),
});

/** A call of the webhook: API Gateway's HTTP API event, payload format 2.0, header names in lower case. */
export type HttpRequest = z.infer<typeof httpRequest>;

/** @returns undefined for an event that API Gateway does not send */
export const parseHttpRequest = (event: unknown): HttpRequest | undefined =>
  httpRequest.safeParse(event).data;

// As long as in the table of messages. An id that cannot stand in a URL names no content, and `..` would leave the path.
const phenomId = z.string().check(
  z.minLength(1),
  z.maxLength(255 * 2),
  z.refine((id) => [...id].length <= 255 && id.isWellFormed() && !/^\.{1,2}$/.test(id)),
);

const previewRequest = z.looseObject({
  id: z.string(),
  table: z.looseObject({ schema: z.literal("public"), name: z.literal("chat_link_preview_requests") }),
  event: z.looseObject({
    op: z.enum(["INSERT", "MANUAL"]),
    data: z.looseObject({ new: z.looseObject({ phenom_id: phenomId }) }),
  }),
  delivery_info: z.optional(z.looseObject({ current_retry: z.number(), max_retries: z.number() })),
});

/** The request in one event of Hasura. */
export interface PreviewRequest {
  readonly eventId: string;
  readonly phenomId: string;
  /** Number of earlier deliveries of this event. */
  readonly retry: number;
}

/** Reads the event trigger's payload. @returns the problem as text if it is invalid */
export function parsePreviewRequest({ body, isBase64Encoded }: HttpRequest): PreviewRequest | string {
  const json = isBase64Encoded ? Buffer.from(body ?? "", "base64").toString("utf8") : (body ?? "");
  const payload = parseJson(json);
  if (payload === undefined) return "the body is not JSON";
  const { success, data, error } = previewRequest.safeParse(payload);
  if (!success) return `wrong or missing: ${invalidFields(error, "body")}`;
  const { id, event, delivery_info } = data;
  return { eventId: id, phenomId: event.data.new.phenom_id, retry: delivery_info?.current_retry ?? 0 };
}

/** The input of the schedule that renews previews. */
export const scheduled = z.object({ schedule: z.literal("renew-previews") });
