import { beforeEach, expect } from "@jest/globals";
import { type Client, DatabaseError } from "pg";
import { type MessageRule, messageRules } from "../migrations/rules.ts";
import { rooms } from "../shared/chat-rooms.ts";
import { migratedDatabase } from "./migrated-database.ts";

interface Draft {
  room_id?: string | null;
  user_id?: string;
  content?: string | null;
  message_type?: string;
  phenom_id?: string | null;
  idempotency_key?: string | null;
}

/** The SQLSTATE with which the database refuses; `undefined` if it does not. */
export const outcome = (attempt: Promise<unknown>): Promise<string | undefined> =>
  attempt.then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof DatabaseError) return error.code;
      throw error;
    },
  );

export const refused = async (attempt: Promise<unknown>, rule: MessageRule) => {
  const { sqlstate, message } = messageRules[rule];
  await expect(attempt).rejects.toMatchObject({ code: sqlstate, message });
};

/** For a test file: the chat's tables, before each test without messages and with the members ann and mod. */
export function chatTables() {
  const migrated = migratedDatabase();
  beforeEach(async () => {
    const { client } = migrated;
    await client.query(
      "truncate chat_messages, chat_members, chat_bans, link_previews, chat_link_preview_requests, users cascade",
    );
    await client.query("update chat_rooms set is_active = true");
    await client.query(
      "insert into users (id, username) values ('ann', 'ann'), ('mod', 'mod'), ('stranger', 'stranger')",
    );
    await client.query(
      `insert into chat_members (room_id, user_id) select id, u from chat_rooms, unnest(array['ann', 'mod']) u`,
    );
  });
  const send = (draft: Draft = {}, on: Client = migrated.client) => {
    const row = { room_id: rooms.community, user_id: "ann", content: "hello", ...draft };
    const names = Object.keys(row);
    return on.query(
      `insert into chat_messages (${names.join(", ")}) values (${names.map((_, n) => `$${n + 1}`).join(", ")}) returning *`,
      Object.values(row),
    );
  };
  return { migrated, send };
}
