import type { ChatBackend } from "../chat/backend.ts";
import type { Ban, Member, Message } from "../chat/model.ts";

const at = "2026-01-01T00:00:00.000Z";
const message: Message = {
  ...{ id: "warm-up", room_id: "warm-up", user_id: "warm-up", content: "Warm-up", message_type: "text" },
  ...{ created_at: at, profile: { username: "warm-up" } },
};
const member: Member = {
  ...{ room_id: "warm-up", user_id: "warm-up", username: "warm-up", role: "user", is_muted: true },
  joined_at: at,
};
const ban: Ban = {
  ...{ id: "warm-up", room_id: "warm-up", user_id: "warm-up", banned_by: "warm-up", banned_at: at },
};

/**
 * The backend for reading; what would write gives a made-up answer. Every method is named, so that a new one can't pass
 * by itself.
 */
export const withoutWrites = (backend: ChatBackend): ChatBackend => ({
  name: backend.name,
  listRooms: (...query) => backend.listRooms(...query),
  getMessages: (...query) => backend.getMessages(...query),
  searchMessages: (...query) => backend.searchMessages(...query),
  listMembers: (...query) => backend.listMembers(...query),
  health: (signal) => backend.health(signal),
  sendMessage: () => Promise.resolve(message),
  deleteMessage: () => Promise.resolve(),
  muteUser: () => Promise.resolve(member),
  banUser: () => Promise.resolve({ ban, deleted_messages: 0 }),
  unbanUser: () => Promise.resolve(),
  close: () => Promise.resolve(),
});
