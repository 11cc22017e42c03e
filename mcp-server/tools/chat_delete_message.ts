import * as z from "zod";
import { oneLine } from "../chat/lines.ts";
import { messageId, reason } from "./arguments.ts";
import { defineTool } from "./tool.ts";

export const deleteMessage = defineTool({
  name: "chat_delete_message",
  title: "Delete a message",
  description:
    "Takes one message out of everyone's view, for messages that break the rules. There is no way back through these tools. It does not keep the sender from writing again: for that use chat_mute_user or chat_ban_user.",
  input: z.strictObject({ message_id: messageId, reason: reason.optional() }),
  output: z.object({ success: z.literal(true), message_id: z.string() }),
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
  group: "support",
  audited: true,
  run: async (args, { backend, signal }) => {
    await backend.deleteMessage(args, signal);
    const { message_id } = args;
    return { result: { success: true as const, message_id }, text: `Deleted ${oneLine(message_id)}.` };
  },
});
