import * as z from "zod";
import { messageLines } from "../chat/lines.ts";
import { messageSchema, usersSchema } from "../chat/model.ts";
import { shownMessages } from "../chat/shown.ts";
import { limits } from "../limits.ts";
import { beginsBeforeItEnds, cursor, limit, nextCursor, period, roomId, text, userId } from "./arguments.ts";
import { defineTool } from "./tool.ts";

export const searchMessages = defineTool({
  name: "chat_search_messages",
  title: "Search messages",
  description:
    "Finds messages by their words or by their sender, newest first, in all rooms or in one. With user_id and without query it lists what somebody wrote. To read a room in order use chat_get_messages.",
  input: z
    .strictObject({
      query: text(
        limits.textCharacters,
        'Words to find, in any form and with or without accents; all must occur. Addresses are found by their parts, Chinese, Japanese, Thai and emoji anywhere in the text. "quotes" keep a phrase together, or gives alternatives and -word leaves out. On the synapse backend a message is found by the words it had before an edit.',
      ).optional(),
      room_id: roomId.optional(),
      user_id: userId.optional(),
      ...period,
      limit,
      cursor,
    })
    .refine(({ query, user_id }) => query !== undefined || user_id !== undefined, {
      path: ["query"],
      error: "give a query, a user_id or both",
    })
    .refine(...beginsBeforeItEnds),
  output: z.object({
    messages: z.array(messageSchema),
    users: usersSchema,
    next_cursor: nextCursor,
    hint: z.string().optional().describe("What the search could not do, and what to do instead"),
  }),
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  group: "agent",
  run: async (args, { backend, signal }) => {
    const { items, next_cursor, hint } = await backend.searchMessages(args, signal);
    const withRoom = args.room_id === undefined;
    return {
      result: {
        ...shownMessages(items, withRoom),
        ...(next_cursor !== undefined && { next_cursor }),
        ...(hint !== undefined && { hint }),
      },
      text: messageLines(items, withRoom, next_cursor, hint),
    };
  },
});
