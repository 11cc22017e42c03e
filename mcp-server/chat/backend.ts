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
  /** Already bound to caller and room, 64 hexadecimal digits. */
  readonly idempotency_key?: string | undefined;
}

export interface BackendHealth {
  readonly reachable: boolean;
  /** A word for what is wrong, fit for the public: `agent_sign_in_refused`, `timeout`, ... */
  readonly problem?: string;
}

/** What the nine tools need of a chat. Every method rejects with a `ChatError` and ends when `signal` aborts. */
export interface ChatBackend {
  readonly name: BackendName;
  listRooms(query: { include_inactive: boolean }, signal: AbortSignal): Promise<readonly Room[]>;
  getMessages(query: { room_id: string } & PageRequest, signal: AbortSignal): Promise<Page<Message>>;
  searchMessages(
    query: { query: string; room_id?: string | undefined; user_id?: string | undefined } & PageRequest,
    signal: AbortSignal,
  ): Promise<Page<Message>>;
  /** Sends as the agent's account; a key seen before gives the message that it was first used for. */
  sendMessage(draft: MessageDraft, signal: AbortSignal): Promise<Message>;
  /** Deletes softly; deleting twice is no error. */
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
