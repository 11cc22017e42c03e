import * as z from "zod";
import { limits } from "../limits.ts";

/** PostgreSQL stores neither U+0000 nor half of a surrogate pair. */
const storable = (text: string) => !/\p{Surrogate}|\0/u.test(text);
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

export const roomId = short("Room id, from chat_list_rooms");
export const userId = short("User id, from a message or from chat_list_members");
export const messageId = short("Message id, from chat_get_messages or chat_search_messages");
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

export const nextCursor = z
  .string()
  .optional()
  .describe("Pass it as cursor for the next page; absent on the last");

/** A time in the future, as ISO 8601 with an offset. */
export const futureTime = (description: string) =>
  z.iso
    .datetime({ offset: true, error: "must be ISO 8601 with an offset, such as 2030-01-31T12:00:00Z" })
    .refine((value) => Date.parse(value) > Date.now(), "must lie in the future")
    .meta({ description });
