import * as z from "zod";
import { memberSchema } from "../chat/model.ts";
import { cursor, limit, nextCursor, roomId } from "./arguments.ts";
import { defineTool } from "./tool.ts";

export const listMembers = defineTool({
  name: "chat_list_members",
  title: "List a room's members",
  description:
    "Lists who is in a room, those who joined first first, with role and mute. Use it to find a user's id before muting or banning.",
  input: z.strictObject({ room_id: roomId, limit, cursor }),
  output: z.object({ members: z.array(memberSchema), next_cursor: nextCursor }),
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  group: "agent",
  run: async (args, { backend, signal }) => {
    const { items, next_cursor } = await backend.listMembers(args, signal);
    return { members: [...items], next_cursor };
  },
});
