import * as z from "zod";
import { oneLine } from "../chat/lines.ts";
import { roomId, userId } from "./arguments.ts";
import { defineTool } from "./tool.ts";

export const unbanUser = defineTool({
  name: "chat_unban_user",
  title: "Lift a ban",
  description: "Lifts a user's ban from a room at once, whether or not it would have ended by itself.",
  input: z.strictObject({ room_id: roomId, user_id: userId }),
  output: z.object({ success: z.literal(true) }),
  hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
  group: "admin",
  audited: true,
  run: async (args, { backend, signal }) => {
    await backend.unbanUser(args, signal);
    return {
      result: { success: true as const },
      text: `Lifted the ban of ${oneLine(args.user_id)} in ${oneLine(args.room_id)}.`,
    };
  },
});
