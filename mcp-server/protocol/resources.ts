import type {
  ListResourcesResult,
  ListResourceTemplatesResult,
  ReadResourceResult,
} from "@modelcontextprotocol/sdk/types.js";
import { ChatError } from "../chat/error.ts";
import { getMessages } from "../tools/chat_get_messages.ts";
import { listRooms } from "../tools/chat_list_rooms.ts";
import type { Tool } from "../tools/tool.ts";
import { type ChatService, metaOf, type RequestContext, runTool, textOf } from "./call-tool.ts";
import { RpcError } from "./rpc-error.ts";

const ROOMS = "chat://rooms";
const mimeType = "text/plain";
const messagesUri = (room: string) => `${ROOMS}/${encodeURIComponent(room)}/messages`;

export const resourceTemplates: ListResourceTemplatesResult = {
  resourceTemplates: [
    {
      uriTemplate: `${ROOMS}/{room_id}/messages`,
      name: "room-messages",
      title: "Recent messages of a room",
      description: "The newest 50 messages of a room; the room's id is percent-encoded",
      mimeType,
    },
  ],
};

/** Lists the resources: the rooms, and each active room's recent messages. */
export async function listResources(
  service: ChatService,
  request: RequestContext,
): Promise<ListResourcesResult> {
  const rooms = await service.backend.listRooms({ include_inactive: false }, request.signal);
  return {
    resources: [
      { uri: ROOMS, name: "rooms", title: "Chat rooms", description: "All rooms with their ids", mimeType },
      ...rooms.map((room) => ({
        uri: messagesUri(room.id),
        name: `messages-${room.id}`,
        title: `Recent messages in ${room.name}`,
        mimeType,
      })),
    ],
  };
}

/** Reads by the tools, with their authorisation, logs and limits. */
export async function readResource(
  service: ChatService,
  request: RequestContext,
  uri: string,
): Promise<ReadResourceResult> {
  const [tool, args] = toolFor(uri);
  const outcome = await runTool(service, request, tool, args);
  if (!(outcome instanceof ChatError)) return { contents: [{ uri, mimeType, text: outcome.text }] };
  const kind = ["not_found", "invalid_argument"].includes(outcome.code) ? "resourceNotFound" : "internal";
  throw new RpcError(kind, textOf(outcome), { uri, ...metaOf(outcome) });
}

function toolFor(uri: string): [Tool, Record<string, unknown>] {
  if (uri === ROOMS) return [listRooms, {}];
  const room = /^chat:\/\/rooms\/([^/]+)\/messages$/.exec(uri)?.[1];
  if (room !== undefined) {
    try {
      return [getMessages, { room_id: decodeURIComponent(room) }];
    } catch {
      // A broken percent-encoding names no room.
    }
  }
  throw new RpcError(
    "resourceNotFound",
    `There is no resource ${JSON.stringify(uri.slice(0, 200))}. Known: ${ROOMS}, ${ROOMS}/{room_id}/messages.`,
    { uri },
  );
}
