import { banUser } from "./chat_ban_user.ts";
import { deleteMessage } from "./chat_delete_message.ts";
import { getMessages } from "./chat_get_messages.ts";
import { listMembers } from "./chat_list_members.ts";
import { listRooms } from "./chat_list_rooms.ts";
import { muteUser } from "./chat_mute_user.ts";
import { searchMessages } from "./chat_search_messages.ts";
import { sendMessage } from "./chat_send_message.ts";
import { unbanUser } from "./chat_unban_user.ts";
import type { Tool } from "./tool.ts";

/** The tools, in the order in which clients show them. */
export const catalog: readonly Tool[] = Object.freeze([
  listRooms,
  getMessages,
  searchMessages,
  sendMessage,
  deleteMessage,
  listMembers,
  muteUser,
  banUser,
  unbanUser,
]);

const byName = new Map(catalog.map((tool) => [tool.name, tool]));

export const toolNamed = (name: string): Tool | undefined => byName.get(name);
