import * as z from "zod";
import { errors } from "../chat/error.ts";
import type { LinkPreview, Message, Profile } from "../chat/model.ts";
import { isoTime } from "../chat/time.ts";
import { limits } from "../limits.ts";

/** Key in a message's content that makes it a `phenom_link`; its value is the content's id. */
export const PHENOM_ID = "app.thephenom.phenom_id";

/** Text that replaces an end-to-end encrypted message, which only the members' devices can decrypt. */
export const UNREADABLE = "(end-to-end encrypted: these tools cannot read this message)";

const contentSchema = z.record(z.string(), z.unknown());

/** An event of the client-server API; users control `content`, which may have any form. */
export const eventSchema = z.object({
  event_id: z.string(),
  type: z.string(),
  sender: z.string(),
  state_key: z.string().optional(),
  origin_server_ts: z.number().int(),
  content: contentSchema,
  unsigned: z
    .object({
      redacted_because: z.unknown().optional(),
      replaces_state: z.string().optional().catch(undefined),
      "m.relations": z
        .object({
          "m.replace": z.object({ origin_server_ts: z.number().int(), content: contentSchema }).optional(),
        })
        .optional()
        .catch(undefined),
    })
    .default({}),
});
export type MatrixEvent = z.output<typeof eventSchema>;

const MESSAGE = "m.room.message";
const ENCRYPTED = "m.room.encrypted";
/** Event types that the tools show as messages. */
export const messageTypes: readonly string[] = [MESSAGE, ENCRYPTED];

const relationSchema = z.object({ "m.relates_to": z.object({ rel_type: z.literal("m.replace") }) });

/** Whether apps show the event as a message: not redacted, and no edit of another message. */
export const isMessage = (event: MatrixEvent): boolean =>
  messageTypes.includes(event.type) &&
  event.state_key === undefined &&
  !isRedacted(event) &&
  !relationSchema.safeParse(event.content).success;

/** Redaction removes the whole content of a message. */
export const isRedacted = ({ unsigned, content }: MatrixEvent): boolean =>
  unsigned.redacted_because !== undefined || Object.keys(content).length === 0;

const present = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;

/** The profile in a member event's content; the user name is part of the id. */
export const toProfile = (id: string, member: Readonly<Record<string, unknown>> = {}): Profile => ({
  username: id.slice(1).split(":")[0],
  display_name: present(member["displayname"]),
  avatar_url: present(member["avatar_url"]),
});

/** Address of a piece of content, the same as in the link previews of Hasura Lite. */
export const contentUrl = (template: string, phenomId: string): string =>
  template.replaceAll("{id}", () => encodeURIComponent(phenomId));

/** The link's address is the last line, for apps that do not know our key. */
export function toContent(
  draft: { readonly content: string; readonly phenom_id?: string | undefined },
  template: string,
): Readonly<Record<string, unknown>> {
  const { content, phenom_id } = draft;
  return phenom_id === undefined
    ? { msgtype: "m.text", body: content }
    : {
        msgtype: "m.text",
        body: `${content}\n${contentUrl(template, phenom_id)}`,
        [PHENOM_ID]: phenom_id,
      };
}

export interface MessageParts {
  readonly roomId: string;
  readonly event: MatrixEvent;
  readonly profile: Profile;
  readonly template: string;
  readonly preview?: LinkPreview | undefined;
}

export function toMessage({ roomId, event, profile, template, preview }: MessageParts): Message {
  const edit = editOf(event);
  const phenomId = phenomIdOf(event, template);
  const body = event.type === ENCRYPTED ? UNREADABLE : (present(shownContent(event)["body"]) ?? "");
  const address = phenomId === undefined ? "" : `\n${contentUrl(template, phenomId)}`;
  return {
    id: event.event_id,
    room_id: roomId,
    user_id: event.sender,
    profile,
    content: address !== "" && body.endsWith(address) ? body.slice(0, -address.length) : body,
    message_type: phenomId === undefined ? "text" : "phenom_link",
    phenom_id: phenomId,
    link_preview: preview,
    created_at: isoTime(event.origin_server_ts),
    updated_at: edit && isoTime(edit.at),
  };
}

function editOf({ unsigned }: MatrixEvent) {
  const edit = unsigned["m.relations"]?.["m.replace"];
  const content = contentSchema.safeParse(edit?.content["m.new_content"]).data;
  return edit && content ? { content, at: edit.origin_server_ts } : undefined;
}

const shownContent = (event: MatrixEvent) => editOf(event)?.content ?? event.content;

/** Id of the linked content, from our key or from the address in the text, as other apps write it. */
export function phenomIdOf(event: MatrixEvent, template: string): string | undefined {
  const body = present(shownContent(event)["body"]) ?? "";
  return present(event.content[PHENOM_ID]) ?? linkedId(body, template);
}

function linkedId(body: string, template: string): string | undefined {
  const [before = "", after = ""] = template.split("{id}");
  const start = body.indexOf(before);
  if (before === "" || start < 0) return undefined;
  const rest = body.slice(start + before.length);
  // The address ends with the word; a full stop or bracket after it belongs to the sentence.
  const word =
    /^[^\s<>"/?#]*/.exec(after === "" ? rest : rest.slice(0, Math.max(rest.indexOf(after), 0)))?.[0] ?? "";
  const encoded = after === "" ? word.replace(/[.,;:!)\]'*]+$/, "") : word;
  if (encoded === "") return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

/** Printable ASCII without the colon, as in ids of old accounts and rooms, then the server name. */
const WITH_SERVER = "[!-9;-~]+:(?:[A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+\\])(?::\\d{1,5})?";
/** A reference hash: in URL-safe base64 for rooms, in either alphabet of base64 for events. */
const HASH = { room: "[A-Za-z0-9_-]{43}", event: "[A-Za-z0-9_/+-]{43}" };

const forms = {
  room_id: {
    is: new RegExp(`^!(?:${HASH.room}|${WITH_SERVER})$`),
    form: "a Matrix room id, such as !opaque:example.org",
  },
  message_id: {
    is: new RegExp(`^\\$(?:${HASH.event}|${WITH_SERVER})$`),
    form: "a Matrix event id, such as $opaque",
  },
  user_id: { is: new RegExp(`^@${WITH_SERVER}$`), form: "a Matrix user id, such as @name:example.org" },
} as const;

/** @throws ChatError invalid_argument unless `value` is a Matrix id of the field's kind */
export function matrixId(field: keyof typeof forms | "around", value: string): string {
  const { is, form } = forms[field === "around" ? "message_id" : field];
  if (is.test(value) && value.length <= limits.textCharacters) return value;
  throw errors.badId(field, value, form);
}

/** Whether a text can be the id in a cursor. */
export const isEventId = (id: string) => forms.message_id.is.test(id) && id.length <= limits.textCharacters;
export const isUserId = (id: string) => forms.user_id.is.test(id) && id.length <= limits.textCharacters;
