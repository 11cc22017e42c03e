import * as z from "zod";
import { messageLines } from "../chat/lines.ts";
import { messageSchema, usersSchema } from "../chat/model.ts";
import { shownMessages } from "../chat/shown.ts";
import { beginsBeforeItEnds, cursor, limit, messageId, nextCursor, period, roomId } from "./arguments.ts";
import { defineTool } from "./tool.ts";

export const getMessages = defineTool({
  name: "chat_get_messages",
  title: "Read a room's messages",
  description:
    "Reads a room's messages, newest first; deleted ones are left out. Use it to follow a conversation, to catch up since a time, or to see what was said around a message; to find messages by their words, by their sender or across rooms use chat_search_messages.",
  input: z
    .strictObject({
      room_id: roomId,
      limit,
      cursor,
      ...period,
      order: z.enum(["newest", "oldest"]).default("newest").describe("Which messages come first"),
      around: messageId
        .optional()
        .describe("Id of a message: half of the page was said before it, half after it"),
    })
    .refine(({ around, since, until }) => around === undefined || (since ?? until) === undefined, {
      path: ["around"],
      error: "cannot be combined with since or until: leave them out",
    })
    .refine(...beginsBeforeItEnds),
  output: z.object({ messages: z.array(messageSchema), users: usersSchema, next_cursor: nextCursor }),
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  group: "agent",
  run: async (args, { backend, signal }) => {
    const { items, next_cursor } = await backend.getMessages(args, signal);
    return {
      result: { ...shownMessages(items, false), ...(next_cursor !== undefined && { next_cursor }) },
      text: messageLines(items, false, next_cursor),
    };
  },
});
