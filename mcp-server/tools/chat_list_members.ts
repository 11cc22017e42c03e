import * as z from "zod";
import { memberLines } from "../chat/lines.ts";
import { memberSchema } from "../chat/model.ts";
import { shownMember } from "../chat/shown.ts";
import { limits } from "../limits.ts";
import { cursor, limit, nextCursor, roomId, text } from "./arguments.ts";
import { defineTool } from "./tool.ts";

export const listMembers = defineTool({
  name: "chat_list_members",
  title: "List a room's members",
  description:
    "Lists who is in a room, those who joined first first, with role and mute; with status banned who is banned from it, and until when. Use it with name to find a person's user id before muting or banning.",
  input: z.strictObject({
    room_id: roomId,
    name: text(limits.textCharacters, "Part of a user name or display name").optional(),
    status: z
      .enum(["member", "banned"])
      .default("member")
      .describe("Who is in the room, or who is banned from it"),
    limit,
    cursor,
  }),
  output: z.object({ members: z.array(memberSchema), next_cursor: nextCursor }),
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  group: "agent",
  run: async (args, { backend, signal }) => {
    const { items, next_cursor } = await backend.listMembers(args, signal);
    return {
      result: { members: items.map(shownMember), ...(next_cursor !== undefined && { next_cursor }) },
      text: memberLines(items, next_cursor),
    };
  },
});
