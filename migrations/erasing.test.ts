import { afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { Client } from "pg";
import { rooms } from "../shared/chat-rooms.ts";
import { migratedDatabase } from "../test/migrated-database.ts";
import { startTask } from "../test/task.ts";
import { eraseScript } from "../tools/ops/verbs/erase-user.ts";
import { type DatabaseConnection, libpqEnvironment } from "../tools/servers/postgres.ts";

const migrated = migratedDatabase();
let client: Client;
let database: DatabaseConnection;
beforeAll(() => {
  ({ client, database } = migrated);
});
beforeEach(async () => {
  await client.query("begin");
  await client.query(`
    insert into users (id, username) values ('ann', 'ann'), ('mod', 'mod'), ('bob', 'bob');
    insert into chat_members (room_id, user_id, is_muted) select '${rooms.community}', id, id = 'bob' from users;
    insert into chat_messages (room_id, user_id, content, idempotency_key) values
      ('${rooms.community}', 'ann', 'hers', 'k'), ('${rooms.community}', 'mod', 'his', null);
    update chat_messages set is_deleted = true, deleted_by = 'mod' where user_id = 'ann';
    insert into chat_bans (room_id, user_id, banned_by) values ('${rooms.community}', 'ann', 'mod')`);
});
afterEach(() => client.query("rollback"));

const rows = async (text: string) => (await client.query(text)).rows;
const messages = () =>
  rows(
    "select user_id, content, deleted_by, updated_at > now() as touched from chat_messages order by content",
  );

describe("the deletion of a person from users", () => {
  it("takes memberships and bans along, and leaves messages without an author and unedited", async () => {
    const before = await rows("select updated_at from chat_messages order by content");
    await client.query("delete from users where id = 'ann'");
    expect(await messages()).toMatchObject([
      { user_id: null, content: "hers", deleted_by: "mod" },
      { user_id: "mod", content: "his" },
    ]);
    expect(await rows("select updated_at from chat_messages order by content")).toEqual(before);
    expect(await rows("select from chat_bans")).toEqual([]);
    expect(await rows("select user_id from chat_members order by user_id")).toEqual([
      { user_id: "bob" },
      { user_id: "mod" },
    ]);
  });

  it("keeps the bans and deletions that a moderator ordered, without the moderator", async () => {
    await client.query("delete from users where id = 'mod'");
    expect(await messages()).toMatchObject([
      { user_id: "ann", deleted_by: null },
      { user_id: null, content: "his" },
    ]);
    expect(await rows("select user_id, banned_by from chat_bans")).toEqual([
      { user_id: "ann", banned_by: null },
    ]);
  });

  it("works for somebody who is muted, and a message without an author is refused", async () => {
    await client.query("delete from users where id = 'bob'");
    expect(await rows("select from chat_kept_mutes")).toEqual([]);
    await expect(
      client.query("insert into chat_messages (room_id, content) values ($1, 'nobody')", [rooms.community]),
    ).rejects.toThrow("You are not a member of this room.");
  });
});

describe("chat_erase_user", () => {
  it("removes blocks and devices of the person, and keeps their reports without a name", async () => {
    await client.query(`
      insert into chat_blocks (user_id, blocked_id) values ('ann', 'bob'), ('bob', 'ann'), ('bob', 'mod');
      insert into chat_push_devices (user_id, app_id, pushkey) values ('ann', 'ios', 'key');
      insert into chat_reports (message_id, reported_by) select id, 'ann' from chat_messages where user_id = 'mod'`);
    await rows("select * from chat_erase_user('ann', false)");
    expect(await rows("select user_id, blocked_id from chat_blocks")).toEqual([
      { user_id: "bob", blocked_id: "mod" },
    ]);
    expect(await rows("select from chat_push_devices")).toEqual([]);
    expect(await rows("select reported_by from chat_reports")).toEqual([{ reported_by: null }]);
  });

  it.each([
    [false, [{ user_id: null, content: "years old" }]],
    [true, []],
  ])("finds the person's messages in the archive too (with messages: %s)", async (withMessages, left) => {
    await client.query(
      `insert into chat_messages_archive (id, room_id, user_id, content, message_type, is_deleted, created_at, updated_at)
       values (gen_random_uuid(), '${rooms.community}', 'ann', 'years old', 'text', false, now(), now())`,
    );
    expect(await rows(`select * from chat_erase_user('ann', ${withMessages})`)).toMatchObject([
      { messages: "2" },
    ]);
    expect(await rows("select user_id, content from chat_messages_archive")).toEqual(left);
  });

  it("takes a person out of the chat, and leaves their row to its owner", async () => {
    expect(await rows("select * from chat_erase_user('ann', false)")).toEqual([
      { messages: "1", memberships: "1", bans: "1" },
    ]);
    expect(await messages()).toMatchObject([{ user_id: null, content: "hers" }, { user_id: "mod" }]);
    expect(await rows("select id from users where id = 'ann'")).toEqual([{ id: "ann" }]);
    expect(await rows("select idempotency_key from chat_messages where idempotency_key is not null")).toEqual(
      [],
    );
  });

  it("removes the messages too where asked, and caches learn of it", async () => {
    await rows("select * from chat_erase_user('ann', true)");
    expect(await messages()).toMatchObject([{ content: "his" }]);
    expect(await rows("select is_deleted from chat_message_changes order by seq desc limit 1")).toEqual([
      { is_deleted: true },
    ]);
  });

  it("is what npm run ops -- erase-user runs in psql, and may be repeated", async () => {
    const sub = "6b0a6f0e-9c2f-4b52-8c0f-0d5c0f9d3a11";
    await client.query(`
      insert into users (id) values ('${sub}');
      insert into chat_members (room_id, user_id) values ('${rooms.community}', '${sub}');
      commit`);
    const erase = () => startTask(["sh", "-c", eraseScript(sub, false)], libpqEnvironment(database)).done;
    expect(await erase()).toEqual({ code: 0, output: '{"messages":0,"memberships":1,"bans":0}\n' });
    expect(await erase()).toEqual({ code: 0, output: '{"messages":0,"memberships":0,"bans":0}\n' });
  });
});
