/** The Hasura source that holds the chat's tables: the engine's first database. */
export const source = "default";

/**
 * The chat's Hasura roles. The last is not called `admin`: in Hasura that name bypasses every permission and
 * cannot be restricted.
 */
export const roles = ["user", "support", "chat_admin"] as const;
export type Role = (typeof roles)[number];

export const eventTriggerName = "chat_link_preview";

/** Header in which the engine shows the webhook that it is the engine. */
export const webhookSecretHeader = "x-chat-webhook-secret";

/** Environment variable of the ENGINE that holds the header's value; the metadata has only this name. */
export const webhookSecretVariable = "CHAT_LINK_PREVIEW_SECRET";

/** Environment variable of the engine with the webhook's URL, for those who apply the metadata by the CLI. */
export const webhookUrlVariable = "CHAT_LINK_PREVIEW_URL";
