/** The chat's Hasura metadata, in the form of Hasura's own metadata files. */
import type { EventTrigger, TableEntry } from "@hasura/metadata";
import {
  EVENT_TRIGGER_NAME,
  type Role,
  roles,
  WEBHOOK_SECRET_HEADER,
  WEBHOOK_SECRET_VARIABLE,
} from "../../../shared/hasura-names.ts";

type BooleanExpression = NonNullable<
  NonNullable<TableEntry["select_permissions"]>[number]["permission"]["filter"]
>;

const USER_ID = "X-Hasura-User-Id";
const anyRow: BooleanExpression = {};
const callerIsMember = { members: { user_id: { _eq: USER_ID } } };
const callerIsBanned = { bans: { user_id: { _eq: USER_ID }, is_active: { _eq: true } } };

/** The caller blocked the message's author. */
const callerBlockedAuthor = { blocks: { user_id: { _eq: USER_ID } } };

const table = (name: string) => ({ schema: "public", name });

const objectRelationship = (name: string, column: string) => ({
  name,
  using: { foreign_key_constraint_on: column },
});

const arrayRelationship = (name: string, remote: string, column: string) => ({
  name,
  using: { foreign_key_constraint_on: { table: table(remote), column } },
});

/** Rows of one answer, also of a relationship: without it one request reads the whole table. */
const MAX_ROWS = 1000;

const select = (
  who: readonly Role[],
  columns: readonly string[],
  filter = anyRow,
  computed: readonly string[] = [],
) =>
  who.map((role) => ({
    role,
    permission: {
      columns: [...columns],
      filter,
      limit: MAX_ROWS,
      ...(computed.length > 0 && { computed_fields: [...computed] }),
    },
  }));

const staff: readonly Role[] = ["support", "chat_admin"];
const messageColumns = [
  ...["id", "room_id", "user_id", "content", "message_type", "phenom_id", "idempotency_key"],
  ...["is_deleted", "created_at", "updated_at", "seq"],
];
/** The caller may read the room's messages. */
const inReadableRoom = { room: { ...callerIsMember, _not: callerIsBanned } };
const memberColumns = ["id", "room_id", "user_id", "role", "is_muted", "muted_until", "joined_at"];

const rooms: TableEntry = {
  table: table("chat_rooms"),
  array_relationships: [
    arrayRelationship("messages", "chat_messages", "room_id"),
    arrayRelationship("members", "chat_members", "room_id"),
    arrayRelationship("bans", "chat_bans", "room_id"),
  ],
  select_permissions: select(roles, ["id", "name", "description", "created_at", "is_active"]),
  update_permissions: [
    {
      role: "chat_admin",
      permission: { columns: ["name", "description", "is_active"], filter: anyRow, check: anyRow },
    },
  ],
};

const messages: TableEntry = {
  table: table("chat_messages"),
  object_relationships: [
    objectRelationship("room", "room_id"),
    objectRelationship("user", "user_id"),
    {
      name: "link_preview",
      using: {
        manual_configuration: {
          remote_table: table("link_previews"),
          column_mapping: { phenom_id: "phenom_id" },
        },
      },
    },
  ],
  array_relationships: [
    {
      name: "blocks",
      using: {
        manual_configuration: {
          remote_table: table("chat_blocks"),
          column_mapping: { user_id: "blocked_id" },
        },
      },
    },
  ],
  select_permissions: [
    ...select(["user"], messageColumns, {
      is_deleted: { _eq: false },
      ...inReadableRoom,
      _not: callerBlockedAuthor,
    }),
    ...select(staff, [...messageColumns, "deleted_by"]),
  ],
  insert_permissions: [
    {
      role: "user",
      permission: {
        columns: ["room_id", "content", "message_type", "phenom_id", "idempotency_key"],
        set: { user_id: USER_ID },
        check: { user_id: { _eq: USER_ID } },
      },
    },
  ],
  // A deletion is soft, and the mutation does not find a message that is already deleted, so the first one stays recorded.
  update_permissions: [
    // People edit and delete their own messages; the database checks the text, and records who deleted.
    {
      role: "user",
      permission: {
        columns: ["content", "is_deleted"],
        filter: { user_id: { _eq: USER_ID }, is_deleted: { _eq: false }, ...inReadableRoom },
        check: { user_id: { _eq: USER_ID } },
      },
    },
    // Moderators set is_deleted, and only to true.
    ...staff.map((role) => ({
      role,
      permission: {
        columns: ["is_deleted"],
        set: { deleted_by: USER_ID },
        filter: { is_deleted: { _eq: false } },
        check: { is_deleted: { _eq: true } },
      },
    })),
  ],
  delete_permissions: [{ role: "chat_admin", permission: { filter: anyRow } }],
};

/** A view: new, edited, deleted and removed messages of a room in the order of their commits, without what they say. */
const changes: TableEntry = {
  table: table("chat_message_changes"),
  object_relationships: [
    {
      name: "room",
      using: {
        manual_configuration: { remote_table: table("chat_rooms"), column_mapping: { room_id: "id" } },
      },
    },
  ],
  select_permissions: [
    ...select(["user"], ["message_id", "room_id", "seq", "is_deleted"], inReadableRoom),
    ...select(staff, ["message_id", "room_id", "seq", "is_deleted"]),
  ],
};

const members: TableEntry = {
  table: table("chat_members"),
  object_relationships: [objectRelationship("room", "room_id"), objectRelationship("user", "user_id")],
  computed_fields: [
    {
      name: "is_banned",
      definition: {
        function: { schema: "public", name: "chat_members_is_banned" },
        table_argument: "member",
      },
    },
    {
      name: "searched_names",
      definition: {
        function: { schema: "public", name: "chat_members_searched_names" },
        table_argument: "member",
      },
    },
  ],
  select_permissions: [
    ...select(["user"], memberColumns, { room: callerIsMember }, ["is_banned", "searched_names"]),
    ...select(staff, memberColumns, anyRow, ["is_banned", "searched_names"]),
  ],
  insert_permissions: [
    {
      role: "chat_admin",
      permission: { columns: ["room_id", "user_id", "role", "is_muted", "muted_until"], check: anyRow },
    },
  ],
  update_permissions: [
    {
      role: "chat_admin",
      permission: { columns: ["role", "is_muted", "muted_until"], filter: anyRow, check: anyRow },
    },
  ],
};

const bans: TableEntry = {
  table: table("chat_bans"),
  object_relationships: [objectRelationship("room", "room_id"), objectRelationship("user", "user_id")],
  computed_fields: [
    {
      name: "is_active",
      definition: { function: { schema: "public", name: "chat_bans_is_active" }, table_argument: "ban" },
    },
    {
      name: "is_longest",
      definition: { function: { schema: "public", name: "chat_bans_is_longest" }, table_argument: "ban" },
    },
    {
      name: "searched_names",
      definition: {
        function: { schema: "public", name: "chat_bans_searched_names" },
        table_argument: "ban",
      },
    },
  ],
  select_permissions: select(
    staff,
    ["id", "room_id", "user_id", "banned_by", "reason", "banned_at", "expires_at"],
    anyRow,
    ["is_active", "is_longest", "searched_names"],
  ),
  insert_permissions: staff.map((role) => ({
    role,
    permission: {
      columns: ["room_id", "user_id", "reason", "expires_at"],
      set: { banned_by: USER_ID },
      check: { banned_by: { _eq: USER_ID } },
    },
  })),
  delete_permissions: [{ role: "chat_admin", permission: { filter: anyRow } }],
};

const ownReports = { reported_by: { _eq: USER_ID } };
const reportColumns = ["id", "message_id", "reason", "created_at", "is_resolved"];

/** People report messages that they can read; moderators read the reports and close them. */
const reports: TableEntry = {
  table: table("chat_reports"),
  object_relationships: [
    objectRelationship("message", "message_id"),
    objectRelationship("user", "reported_by"),
  ],
  select_permissions: [
    ...select(["user"], reportColumns, ownReports),
    ...select(staff, [...reportColumns, "reported_by", "resolved_by"]),
  ],
  insert_permissions: [
    {
      role: "user",
      permission: {
        columns: ["message_id", "reason"],
        set: { reported_by: USER_ID },
        check: { ...ownReports, message: inReadableRoom },
      },
    },
  ],
  update_permissions: staff.map((role) => ({
    role,
    permission: {
      columns: ["is_resolved"],
      set: { resolved_by: USER_ID },
      filter: { is_resolved: { _eq: false } },
      check: { is_resolved: { _eq: true } },
    },
  })),
};

const own = { user_id: { _eq: USER_ID } };

/** A person's blocks are nobody else's business. */
const blocks: TableEntry = {
  table: table("chat_blocks"),
  object_relationships: [objectRelationship("blocked", "blocked_id")],
  select_permissions: select(["user"], ["id", "blocked_id", "created_at"], own),
  insert_permissions: [
    { role: "user", permission: { columns: ["blocked_id"], set: { user_id: USER_ID }, check: own } },
  ],
  delete_permissions: [{ role: "user", permission: { filter: own } }],
};

const pushDevices: TableEntry = {
  table: table("chat_push_devices"),
  select_permissions: select(["user"], ["id", "app_id", "pushkey", "created_at"], own),
  insert_permissions: [
    { role: "user", permission: { columns: ["app_id", "pushkey"], set: { user_id: USER_ID }, check: own } },
  ],
  delete_permissions: [{ role: "user", permission: { filter: own } }],
};

const previewColumns = [
  "url",
  "phenom_id",
  "title",
  "description",
  "thumbnail_url",
  "media_type",
  "expires_at",
];

const previews: TableEntry = {
  table: table("link_previews"),
  computed_fields: [
    {
      name: "is_fresh",
      definition: {
        function: { schema: "public", name: "link_previews_is_fresh" },
        table_argument: "preview",
      },
    },
  ],
  // A preview that was not renewed is of content that may have been deleted or made private.
  select_permissions: select(roles, ["id", ...previewColumns, "resolved_at"], { is_fresh: { _eq: true } }),
  insert_permissions: [{ role: "chat_admin", permission: { columns: previewColumns, check: anyRow } }],
};

/** Retried five times, half a minute apart. The timeout is that of the Lambda behind the URL. */
export function eventTrigger(webhook: Pick<EventTrigger, "webhook" | "webhook_from_env">): EventTrigger {
  return {
    name: EVENT_TRIGGER_NAME,
    ...webhook,
    // Hasura's type takes an enum for "*", so these are the columns that the webhook reads.
    definition: { enable_manual: false, insert: { columns: ["id", "phenom_id", "created_at"] } },
    retry_conf: { num_retries: 5, interval_sec: 30, timeout_sec: 30 },
    headers: [{ name: WEBHOOK_SECRET_HEADER, value_from_env: WEBHOOK_SECRET_VARIABLE }],
  };
}

/** No role reads it. Its event trigger is added with the webhook's address, which differs by environment. */
const previewRequests: TableEntry = { table: table("chat_link_preview_requests") };

/** The chat's own tables, ordered so that the target of each relationship is known. */
export const tables: readonly TableEntry[] = [
  rooms,
  messages,
  changes,
  members,
  bans,
  reports,
  blocks,
  pushDevices,
  previews,
  previewRequests,
];

/** The table whose inserts fire the event trigger. */
export const eventTriggerTable = previewRequests.table;

/** What the chat's clients read of a person. */
export const USER_COLUMNS: readonly string[] = ["id", "username", "display_name", "avatar_url"];

/**
 * Belongs to the Phenom backend, whose metadata may have other permissions for it: added if missing, never changed. The
 * metadata task checks that they suffice.
 */
export const usersTable: TableEntry = {
  table: table("users"),
  select_permissions: select(roles, USER_COLUMNS),
};

interface TrackedFunction {
  readonly function: { readonly schema: string; readonly name: string };
  readonly configuration?: { readonly session_argument: string };
}

/** Full-text search. Both return messages, so the select permission of `chat_messages` applies to each. */
const searchFunctions: readonly TrackedFunction[] = [
  { function: { schema: "public", name: "search_chat_messages" } },
  // The session tells it whose rooms to search; the engine leaves that argument out of its schema.
  {
    function: { schema: "public", name: "find_chat_messages" },
    configuration: { session_argument: "hasura_session" },
  },
];

export const functions = searchFunctions.map((each) => ({
  ...each,
  permissions: roles.map((role) => ({ role })),
}));
