import { createHash } from "node:crypto";
import * as z from "zod";
import { sentLine } from "../chat/lines.ts";
import { messageSchema, messageTypeSchema } from "../chat/model.ts";
import { shownMessage } from "../chat/shown.ts";
import { limits } from "../limits.ts";
import { roomId, text } from "./arguments.ts";
import { defineTool } from "./tool.ts";

/** A character that is seen: no space, and none of the characters of no width. */
const VISIBLE = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\u2800]/u;

/** The key of one caller in one room: others may use the same text for other messages. */
const boundKey = (callerId: string, room: string, key: string) =>
  createHash("sha256")
    .update(JSON.stringify([callerId, room, key]))
    .digest("hex");

export const sendMessage = defineTool({
  name: "chat_send_message",
  title: "Send a message",
  description:
    "Sends a message into a room as the agent's own account; everyone in the room sees it. Give an idempotency_key and repeat the call with the same key when no answer came: the message is sent once. With message_type phenom_link and a phenom_id it carries a preview card of that Phenom content.",
  input: z
    .strictObject({
      room_id: roomId,
      content: text(limits.contentCharacters, "The message").refine(
        (content) => VISIBLE.test(content),
        "holds nothing that can be seen",
      ),
      message_type: messageTypeSchema.default("text").describe("phenom_link needs a phenom_id"),
      phenom_id: text(limits.textCharacters, "Phenom content id, for a phenom_link message").optional(),
      idempotency_key: text(
        limits.textCharacters,
        "Any text, new for each message: the same key in the same room gives the same message, on the synapse backend for a day",
      ).optional(),
    })
    .refine((message) => message.message_type !== "phenom_link" || message.phenom_id !== undefined, {
      path: ["phenom_id"],
      error: "a phenom_link message needs one",
    })
    .refine((message) => message.message_type === "phenom_link" || message.phenom_id === undefined, {
      path: ["phenom_id"],
      error: 'belongs to a message of message_type "phenom_link" only',
    }),
  output: z.object({ message: messageSchema }),
  hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: false },
  group: "agent",
  run: async ({ idempotency_key: key, ...draft }, { backend, signal, callerId }) => {
    const message = await backend.sendMessage(
      { ...draft, idempotency_key: key === undefined ? undefined : boundKey(callerId, draft.room_id, key) },
      signal,
    );
    return {
      result: { message: shownMessage(message, true) },
      text: sentLine(message),
      logged: { room_id: message.room_id, message_id: message.id },
    };
  },
});
