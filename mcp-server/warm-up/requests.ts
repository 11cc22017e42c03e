import { LATEST_PROTOCOL_VERSION } from "@modelcontextprotocol/sdk/types.js";
import { version } from "../../shared/version.ts";
import type { ChatBackend } from "../chat/backend.ts";
import { limits } from "../limits.ts";

/** A JSON-RPC request without its id. */
export interface WarmUpRequest {
  readonly method: string;
  readonly params: object;
}

const call = (name: string, args: object): WarmUpRequest => ({
  method: "tools/call",
  params: { name, arguments: args },
});

/** What a client asks for first, and each tool: those that read with values of this chat, so that they find something. */
export async function warmUpRequests(backend: ChatBackend, signal: AbortSignal): Promise<WarmUpRequest[]> {
  const clientInfo = { name: "warm-up", version };
  const target = { room_id: "warm-up", user_id: "warm-up" };
  return [
    {
      method: "initialize",
      params: { protocolVersion: LATEST_PROTOCOL_VERSION, capabilities: {}, clientInfo },
    },
    { method: "tools/list", params: {} },
    { method: "resources/list", params: {} },
    call("chat_list_rooms", {}),
    ...(await readingCalls(backend, signal)),
    call("chat_send_message", { room_id: "warm-up", content: "Warm-up", idempotency_key: "warm-up" }),
    call("chat_delete_message", { message_id: "warm-up", reason: "Warm-up" }),
    call("chat_mute_user", { ...target, muted: true, reason: "Warm-up" }),
    call("chat_ban_user", { ...target, reason: "Warm-up" }),
    call("chat_unban_user", target),
  ];
}

async function readingCalls(backend: ChatBackend, signal: AbortSignal): Promise<WarmUpRequest[]> {
  const [room] = await backend.listRooms({ include_inactive: false }, signal);
  if (!room) return [];
  const room_id = room.id;
  const [message] = (await backend.getMessages({ room_id, limit: limits.page.default }, signal)).items;
  const [word] = /[\p{L}\p{N}]{4,40}/u.exec(message?.content ?? "") ?? ["hello"];
  return [
    call("chat_get_messages", { room_id }),
    call("chat_list_members", { room_id }),
    call("chat_search_messages", { query: word }),
    ...(message ? [call("chat_search_messages", { user_id: message.user_id })] : []),
  ];
}
