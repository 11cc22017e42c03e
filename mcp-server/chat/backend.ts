import type { Ban, Member, Message, MessageType, Room } from "./model.ts";

export type BackendName = "hasura" | "synapse" | "postgres";

/** One page, newest first for messages; `next_cursor` is absent on the last. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor?: string | undefined;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export interface MessageDraft {
  readonly room_id: string;
  readonly content: string;
  readonly message_type: MessageType;
  readonly phenom_id?: string | undefined;
  /** A hash of caller, room and key: 64 hexadecimal digits. */
  readonly idempotency_key?: string | undefined;
}

export interface BackendHealth {
  readonly reachable: boolean;
  /** Public code of the problem: `agent_sign_in_refused`, `timeout`, ... */
  readonly problem?: string;
}

/** The chat as the nine tools need it. Each method rejects with a `ChatError` and ends when `signal` aborts. */
export interface ChatBackend {
  readonly name: BackendName;
  listRooms(query: { include_inactive: boolean }, signal: AbortSignal): Promise<readonly Room[]>;
  getMessages(query: { room_id: string } & PageRequest, signal: AbortSignal): Promise<Page<Message>>;
  searchMessages(
    query: { query: string; room_id?: string | undefined; user_id?: string | undefined } & PageRequest,
    signal: AbortSignal,
  ): Promise<Page<Message>>;
  /** Sends with the agent's account; a repeated key returns the message that was sent first with it. */
  sendMessage(draft: MessageDraft, signal: AbortSignal): Promise<Message>;
  /** Marks a message as deleted; deleting it again is no error. */
  deleteMessage(
    target: { message_id: string; reason?: string | undefined },
    signal: AbortSignal,
  ): Promise<void>;
  listMembers(query: { room_id: string } & PageRequest, signal: AbortSignal): Promise<Page<Member>>;
  muteUser(
    mute: { room_id: string; user_id: string; muted: boolean; until?: string | undefined },
    signal: AbortSignal,
  ): Promise<Member>;
  banUser(
    ban: {
      room_id: string;
      user_id: string;
      reason?: string | undefined;
      expires_at?: string | undefined;
    },
    signal: AbortSignal,
  ): Promise<Ban>;
  unbanUser(target: { room_id: string; user_id: string }, signal: AbortSignal): Promise<void>;
  /** Never rejects. */
  health(signal: AbortSignal): Promise<BackendHealth>;
  close(): Promise<void>;
}
