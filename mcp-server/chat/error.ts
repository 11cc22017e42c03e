/** Kind of an error, for the agent. */
export type ChatErrorCode =
  | "invalid_argument"
  | "not_found"
  | "forbidden"
  | "conflict"
  | "rejected"
  | "rate_limited"
  | "unavailable"
  | "timeout"
  | "cancelled"
  | "internal";

export interface ChatErrorDetails {
  /** Argument that caused the error. */
  readonly field?: string;
  /** Milliseconds after which the same call may succeed. */
  readonly retryAfterMs?: number;
  /** For the log only, never for the agent. */
  readonly cause?: unknown;
}

/** An error with a message for the agent: field and remedy, without internals. */
export class ChatError extends Error {
  override readonly name: string = "ChatError";
  readonly code: ChatErrorCode;
  readonly field: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ChatErrorCode, message: string, details: ChatErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.code = code;
    this.field = details.field;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** The backend cannot be reached, or the connection broke: idempotent work may be repeated at once. */
export class BackendUnreachable extends ChatError {
  constructor(backend: string, cause: unknown) {
    super("unavailable", `The chat's backend (${backend}) cannot be reached. Try again in a minute.`, {
      cause,
      retryAfterMs: 10_000,
    });
  }
}

/** The tool that gives the ids of a field. */
const sourceOfIds = {
  room_id: "chat_list_rooms",
  message_id: "chat_get_messages",
  around: "chat_get_messages",
  user_id: "chat_list_members",
} as const;

const quoted = (value: string) => JSON.stringify(value);

export const errors = {
  noRoom: (id: string) =>
    new ChatError("not_found", `room_id: there is no room ${quoted(id)}. chat_list_rooms gives the ids.`, {
      field: "room_id",
    }),
  notInRoom: (id: string) =>
    new ChatError(
      "forbidden",
      `room_id: the agent's account is no member of room ${quoted(id)}. An administrator has to add it.`,
      { field: "room_id" },
    ),
  bannedFromRoom: (id: string) =>
    new ChatError("forbidden", `room_id: the agent's account is banned from room ${quoted(id)}.`, {
      field: "room_id",
    }),
  noMessage: (id: string, field: "message_id" | "around" = "message_id") =>
    new ChatError(
      "not_found",
      `${field}: there is no message ${quoted(id)}. chat_get_messages gives the ids.`,
      { field },
    ),
  noUser: (id: string) =>
    new ChatError("not_found", `user_id: there is no user ${quoted(id)}. chat_list_members gives the ids.`, {
      field: "user_id",
    }),
  notAMember: (id: string) =>
    new ChatError(
      "not_found",
      `user_id: user ${quoted(id)} is no member of this room. chat_list_members gives its members.`,
      { field: "user_id" },
    ),
  ownAccount: (what: string) =>
    new ChatError("forbidden", `user_id: this is the agent's own account, which cannot ${what} itself.`, {
      field: "user_id",
    }),
  alreadyBanned: (id: string, until: string | undefined) =>
    new ChatError(
      "conflict",
      `user_id: user ${quoted(id)} is banned from this room already, ${until ? `until ${until}` : "until further notice"}. To change the ban, lift it first with chat_unban_user.`,
      { field: "user_id" },
    ),
  notBanned: (id: string) =>
    new ChatError("not_found", `user_id: user ${quoted(id)} is not banned from this room.`, {
      field: "user_id",
    }),
  keyOfDeletedMessage: () =>
    new ChatError(
      "conflict",
      "idempotency_key: the message sent with this key was deleted since. Use a new key to send another.",
      { field: "idempotency_key" },
    ),
  keyOfOtherMessage: () =>
    new ChatError(
      "conflict",
      "idempotency_key: another message was sent with this key. Use a new key for each message.",
      { field: "idempotency_key" },
    ),
  badId: (field: "room_id" | "message_id" | "user_id" | "around", value: string, form: string) =>
    new ChatError(
      "invalid_argument",
      `${field}: ${quoted(value)} is not ${form}. ${sourceOfIds[field]} gives the ids.`,
      { field },
    ),
  rateLimitedCaller: (waitMs: number) =>
    new ChatError(
      "rate_limited",
      `You sent too many calls. Try again in ${Math.max(1, Math.ceil(waitMs / 1000))} s.`,
      { retryAfterMs: waitMs },
    ),
  badCursor: () =>
    new ChatError(
      "invalid_argument",
      "cursor: not a cursor of this tool. Pass next_cursor of the page before, unchanged, or leave it out.",
      { field: "cursor" },
    ),
  unavailable: (backend: string, cause: unknown) => new BackendUnreachable(backend, cause),
  timeout: (backend: string, cause?: unknown) =>
    new ChatError(
      "timeout",
      `The chat's backend (${backend}) did not answer in time. Whether a write took place is not known: read before you repeat it, or repeat it with the same idempotency_key.`,
      { cause },
    ),
  refused: (cause: unknown) =>
    new ChatError("internal", "The chat's backend refused the operation; the log has the reason.", { cause }),
  unreadable: (cause: unknown) =>
    new ChatError("internal", "The chat's backend gave an answer that this server cannot read.", { cause }),
  cancelled: () => new ChatError("cancelled", "The client went away before the call was done."),
} as const;
