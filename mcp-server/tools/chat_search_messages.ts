import * as z from "zod";
import { messageSchema } from "../chat/model.ts";
import { limits } from "../limits.ts";
import { cursor, limit, nextCursor, roomId, text, userId } from "./arguments.ts";
import { defineTool } from "./tool.ts";

export const searchMessages = defineTool({
  name: "chat_search_messages",
  title: "Search messages",
  description:
    "Finds messages by their words, newest first, in all rooms or in one, by everyone or by one user. To read a room in order use chat_get_messages.",
  input: z.strictObject({
    query: text(
      limits.textCharacters,
      'Words to find, in any form; all must occur. "quotes" keep a phrase together, or gives alternatives and -word leaves out. On the synapse backend a message is found by the words it had before an edit.',
    ),
    room_id: roomId.optional(),
    user_id: userId.optional(),
    limit,
    cursor,
  }),
  output: z.object({ messages: z.array(messageSchema), next_cursor: nextCursor }),
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  group: "agent",
  run: async (args, { backend, signal }) => {
    const { items, next_cursor } = await backend.searchMessages(args, signal);
    return { messages: [...items], next_cursor };
  },
});
