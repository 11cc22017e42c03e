/** The Hasura source that holds the chat's tables: the engine's first database. */
export const HASURA_SOURCE = "default";

/**
 * The chat's Hasura roles. The last is not called `admin`: in Hasura that name bypasses every permission and
 * cannot be restricted.
 */
export const roles = ["user", "support", "chat_admin"] as const;
export type Role = (typeof roles)[number];

export const EVENT_TRIGGER_NAME = "chat_link_preview";

/** Header with which the engine proves to the webhook that it is the engine. */
export const WEBHOOK_SECRET_HEADER = "x-chat-webhook-secret";

/** Environment variable of the ENGINE with the header's value; the metadata holds only this name. */
export const WEBHOOK_SECRET_VARIABLE = "CHAT_LINK_PREVIEW_SECRET";

/** Environment variable of the engine with the webhook's URL, for metadata that is applied with the CLI. */
export const WEBHOOK_URL_VARIABLE = "CHAT_LINK_PREVIEW_URL";
