import * as z from "zod";
import { roomLines } from "../chat/lines.ts";
import { roomSchema } from "../chat/model.ts";
import { shownRoom } from "../chat/shown.ts";
import { defineTool } from "./tool.ts";

export const listRooms = defineTool({
  name: "chat_list_rooms",
  title: "List chat rooms",
  description:
    "Lists the chat rooms with their ids. Start here: every other tool takes a room id or a message id from one.",
  input: z.strictObject({
    include_inactive: z.boolean().default(false).describe("Also list rooms that take no new messages"),
  }),
  output: z.object({ rooms: z.array(roomSchema) }),
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true },
  group: "agent",
  run: async (args, { backend, signal }) => {
    const rooms = await backend.listRooms(args, signal);
    return { result: { rooms: rooms.map(shownRoom) }, text: roomLines(rooms) };
  },
});
