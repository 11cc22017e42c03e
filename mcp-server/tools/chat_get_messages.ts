import * as z from "zod";
import { messageSchema } from "../chat/model.ts";
import { cursor, limit, nextCursor, roomId } from "./arguments.ts";
import { defineTool } from "./tool.ts";

export const getMessages = defineTool({
  name: "chat_get_messages",
  title: "Read a room's messages",
  description:
    "Reads a room's messages, newest first; deleted ones are left out. Use it to follow a conversation; to find messages by their words or across rooms use chat_search_messages.",
  input: z.strictObject({ room_id: roomId, limit, cursor }),
  output: z.object({ messages: z.array(messageSchema), next_cursor: nextCursor }),
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  group: "agent",
  run: async (args, { backend, signal }) => {
    const { items, next_cursor } = await backend.getMessages(args, signal);
    return { messages: [...items], next_cursor };
  },
});
