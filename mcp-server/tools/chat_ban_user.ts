import * as z from "zod";
import { banSchema } from "../chat/model.ts";
import { futureTime, reason, roomId, userId } from "./arguments.ts";
import { defineTool } from "./tool.ts";

export const banUser = defineTool({
  name: "chat_ban_user",
  title: "Ban a user from a room",
  description:
    "Bans a user from one room: they neither read nor write there. With expires_at the ban ends by itself; chat_unban_user lifts it before. For a lighter measure use chat_mute_user.",
  input: z.strictObject({
    room_id: roomId,
    user_id: userId,
    reason: reason.optional(),
    expires_at: futureTime("End of the ban; leave out for a ban until further notice").optional(),
  }),
  output: z.object({ ban: banSchema }),
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
  group: "support",
  audited: true,
  run: async (args, { backend, signal }) => ({ ban: await backend.banUser(args, signal) }),
});
