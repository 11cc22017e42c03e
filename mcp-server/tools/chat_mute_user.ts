import * as z from "zod";
import { memberLine } from "../chat/lines.ts";
import { memberSchema } from "../chat/model.ts";
import { shownMember } from "../chat/shown.ts";
import { futureTime, reason, roomId, userId } from "./arguments.ts";
import { defineTool } from "./tool.ts";

export const muteUser = defineTool({
  name: "chat_mute_user",
  title: "Mute or unmute a user",
  description:
    "Keeps a member of a room from sending messages there, or lets them again with muted false. They can still read. With until the mute ends by itself. To put somebody out of the room use chat_ban_user.",
  input: z
    .strictObject({
      room_id: roomId,
      user_id: userId,
      muted: z.boolean().describe("true mutes, false unmutes"),
      until: futureTime("End of the mute; leave out for a mute until further notice").optional(),
      reason: reason.optional(),
    })
    .refine((mute) => mute.muted || mute.until === undefined, {
      path: ["until"],
      error: "belongs to a mute: leave it out with muted false",
    }),
  output: z.object({ member: memberSchema }),
  hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: true },
  group: "admin",
  audited: true,
  run: async (args, { backend, signal, group }) => {
    const member = await backend.muteUser({ ...args, by: group }, signal);
    return { result: { member: shownMember(member) }, text: memberLine(member) };
  },
});
