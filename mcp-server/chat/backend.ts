import type { Group } from "../auth/caller.ts";
import type { Ban, Member, Message, MessageType, Room } from "./model.ts";

export type BackendName = "hasura" | "synapse" | "postgres";

/** One page; `next_cursor` is absent on the last. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor?: string | undefined;
}

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** ISO 8601 in UTC: from `since` on, and before `until`. */
export interface Period {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

export type Order = "newest" | "oldest";

export interface MessagesQuery extends PageRequest, Period {
  readonly room_id: string;
  /** @default - newest */
  readonly order?: Order | undefined;
  /** Id of a message: the first page has what was said before and after it. */
  readonly around?: string | undefined;
}

/** At least one of `query` and `user_id`. */
export interface SearchQuery extends PageRequest, Period {
  readonly query?: string | undefined;
  readonly room_id?: string | undefined;
  readonly user_id?: string | undefined;
}

/** Newest first. */
export interface SearchPage extends Page<Message> {
  /** What the search could not do, and what to do instead. */
  readonly hint?: string | undefined;
}

export interface MembersQuery extends PageRequest {
  readonly room_id: string;
  /** Part of a user name or display name. */
  readonly name?: string | undefined;
  /** @default - member */
  readonly status?: "member" | "banned" | undefined;
}

export interface MessageDraft {
  readonly room_id: string;
  readonly content: string;
  readonly message_type: MessageType;
  readonly phenom_id?: string | undefined;
  /** A hash of caller, room and key: 64 hexadecimal digits. */
  readonly idempotency_key?: string | undefined;
}

/** The user whom a moderation concerns, and the group of the caller who asked for it. */
export interface ModerationTarget {
  readonly room_id: string;
  readonly user_id: string;
  readonly by: Group;
}

export interface BanOrder extends ModerationTarget {
  readonly reason?: string | undefined;
  readonly expires_at?: string | undefined;
  /** Also deletes the user's messages in the room from this time on, at most `limits.deletions` in one call. */
  readonly delete_messages_since?: string | undefined;
}

export interface BackendHealth {
  readonly reachable: boolean;
  /** Public code of the problem: `agent_sign_in_refused`, `timeout`, ... */
  readonly problem?: string;
}

/**
 * The chat as the nine tools need it. Each method rejects with a `ChatError` and ends when `signal` aborts. No method acts
 * in a room that the agent's account is not in.
 */
export interface ChatBackend {
  readonly name: BackendName;
  listRooms(query: { include_inactive: boolean }, signal: AbortSignal): Promise<readonly Room[]>;
  getMessages(query: MessagesQuery, signal: AbortSignal): Promise<Page<Message>>;
  searchMessages(query: SearchQuery, signal: AbortSignal): Promise<SearchPage>;
  /** Sends with the agent's account; a repeated key returns the message that was sent first with it. */
  sendMessage(draft: MessageDraft, signal: AbortSignal): Promise<Message>;
  /** Marks a message as deleted; deleting it again is no error. */
  deleteMessage(
    target: { message_id: string; reason?: string | undefined },
    signal: AbortSignal,
  ): Promise<void>;
  listMembers(query: MembersQuery, signal: AbortSignal): Promise<Page<Member>>;
  /** Nobody mutes a user of an equal or higher role. */
  muteUser(
    mute: ModerationTarget & { muted: boolean; until?: string | undefined },
    signal: AbortSignal,
  ): Promise<Member>;
  /** Nobody bans a user of an equal or higher role. With `delete_messages_since` a repeated call continues. */
  banUser(ban: BanOrder, signal: AbortSignal): Promise<{ ban: Ban; deleted_messages?: number | undefined }>;
  unbanUser(target: { room_id: string; user_id: string }, signal: AbortSignal): Promise<void>;
  /** Never rejects. */
  health(signal: AbortSignal): Promise<BackendHealth>;
  close(): Promise<void>;
}
