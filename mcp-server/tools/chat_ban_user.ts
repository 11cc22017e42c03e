import * as z from "zod";
import { banLine } from "../chat/lines.ts";
import { banSchema } from "../chat/model.ts";
import { shownBan } from "../chat/shown.ts";
import { limits } from "../limits.ts";
import { futureTime, reason, roomId, time, userId } from "./arguments.ts";
import { defineTool } from "./tool.ts";

export const banUser = defineTool({
  name: "chat_ban_user",
  title: "Ban a user from a room",
  description:
    "Bans a user from one room: they neither read nor write there. With expires_at the ban ends by itself; chat_unban_user lifts it before. With delete_messages_since their messages go too; repeat the call to go on where there are many. For a lighter measure use chat_mute_user.",
  input: z.strictObject({
    room_id: roomId,
    user_id: userId,
    reason: reason.optional(),
    expires_at: futureTime("End of the ban; leave out for a ban until further notice").optional(),
    delete_messages_since: time(
      `Also delete what the user wrote in the room from this time on, at most ${limits.deletions} messages in one call`,
    ).optional(),
  }),
  output: z.object({
    ban: banSchema,
    deleted_messages: z
      .int()
      .min(0)
      .optional()
      .describe(
        "Messages that this call deleted; repeat the call until it is 0, to be sure that none is left",
      ),
  }),
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
  group: "support",
  audited: true,
  run: async (args, { backend, signal, group }) => {
    const { ban, deleted_messages } = await backend.banUser({ ...args, by: group }, signal);
    return {
      result: { ban: shownBan(ban), ...(deleted_messages !== undefined && { deleted_messages }) },
      text: banLine(ban, deleted_messages),
      logged: { ...(deleted_messages !== undefined && { deleted_messages }) },
    };
  },
});
