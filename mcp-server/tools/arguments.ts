import * as z from "zod";
import type { Period } from "../chat/backend.ts";
import { parseTime } from "../chat/time.ts";
import { limits } from "../limits.ts";

/** PostgreSQL stores neither U+0000 nor half of a surrogate pair. */
const storable = (text: string) => text.isWellFormed() && !text.includes("\0");
const UNSTORABLE = "must not hold U+0000 or half of a surrogate pair";

const characters = (text: string) => [...text].length;

/** Text of 1 to `max` characters (code points, as in PostgreSQL and JSON Schema). */
export const text = (max: number, description: string) =>
  z
    .string()
    .min(1, "must not be empty")
    .refine((value) => characters(value) <= max, {
      error: (issue) => `has ${characters(String(issue.input))} characters, at most ${max} are allowed`,
    })
    .refine(storable, UNSTORABLE)
    .meta({ description, maxLength: max });

const short = (description: string) => text(limits.textCharacters, description);

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** An id that names one thing in one spelling: UUIDs may be written in capitals, Matrix ids may not. */
const oneSpelling = (id: string) => (UUID.test(id) ? id.toLowerCase() : id);

export const roomId = short("Room id, from chat_list_rooms").overwrite(oneSpelling);
export const userId = short("User id, from a message or from chat_list_members");
export const messageId = short("Message id, from chat_get_messages or chat_search_messages").overwrite(
  oneSpelling,
);
export const reason = short(
  "Why, for the people who review moderation; on the synapse backend the room's members can read it",
);

export const limit = z
  .int(`must be a whole number from 1 to ${limits.page.max}`)
  .min(1, `must be from 1 to ${limits.page.max}`)
  .max(limits.page.max, `must be from 1 to ${limits.page.max}`)
  .default(limits.page.default)
  .describe("Items on a page");

export const cursor = z
  .string()
  .min(1)
  .max(2048)
  .optional()
  .describe("next_cursor of the page before, unchanged; leave out for the first page");

/** A time, as ISO 8601 with an offset; what runs gets it in UTC. */
export const time = (description: string) =>
  z
    .string()
    .transform((text, context) => {
      const parsed = parseTime(text);
      if ("utc" in parsed) return parsed.utc;
      context.issues.push({ code: "custom", input: text, message: parsed.problem });
      return z.NEVER;
    })
    .meta({ description });

/** A time in the future. */
export const futureTime = (description: string) =>
  time(description).refine((utc) => Date.parse(utc) > Date.now(), "must lie in the future");

/** A part of time, for reading and searching. */
export const period = {
  since: time("Only from this time on, ISO 8601 with an offset").optional(),
  until: time("Only before this time, ISO 8601 with an offset").optional(),
};

/** For `refine`: a period has a beginning before its end, else nothing would be found and nobody would know why. */
export const beginsBeforeItEnds = [
  ({ since, until }: Period) => since === undefined || until === undefined || since < until,
  { path: ["until"], error: "must lie after since" },
] satisfies [unknown, unknown];

export const nextCursor = z
  .string()
  .optional()
  .describe("Pass it as cursor for the next page; absent on the last");
