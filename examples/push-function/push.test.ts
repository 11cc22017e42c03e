import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { rooms } from "../../shared/chat-rooms.ts";
import { migratedDatabase } from "../../test/migrated-database.ts";
import { close, listen } from "../../tools/servers/listening.ts";
import { connectionUrl } from "../../tools/servers/postgres.ts";
import { handler } from "./push.ts";

const migrated = migratedDatabase();
const notified: unknown[] = [];
/** What the gateway answers. */
let answer: { status: number; rejected: string[] };
const gateway = createServer(async (request, response) => {
  notified.push([request.url, await json(request)]);
  response.writeHead(answer.status).end(JSON.stringify({ rejected: answer.rejected }));
});
const before = { ...process.env };

beforeAll(async () => {
  await migrated.client.query(`
    insert into users (id) values ('ann'), ('bob'), ('cat'), ('dan'), ('eve');
    insert into chat_members (room_id, user_id) select room.id, users.id from users, chat_rooms room where users.id <> 'eve';
    insert into chat_bans (room_id, user_id, banned_by) values ('${rooms.partners}', 'cat', 'ann');
    insert into chat_blocks (user_id, blocked_id) values ('dan', 'ann');
    insert into chat_push_devices (user_id, app_id, pushkey) select id, 'ios', 'phone of ' || id from users`);
});
afterAll(async () => {
  process.env = before;
  await close(gateway);
});
beforeEach(async () => {
  answer = { status: 200, rejected: [] };
  notified.length = 0;
  await migrated.client.query("delete from chat_messages");
});

const send = async (room: string): Promise<string> =>
  (
    await migrated.client.query(
      "insert into chat_messages (room_id, user_id, content) values ($1, 'ann', 'secret') returning id",
      [room],
    )
  ).rows[0].id;
const waiting = async () =>
  (await migrated.client.query("select message_id from chat_push_outbox")).rows.length;

describe("the outbox of push notifications", () => {
  it("stays empty until it is turned on", async () => {
    await send(rooms.partners);
    expect(await waiting()).toBe(0);
  });
});

describe("the example function", () => {
  beforeAll(async () => {
    await migrated.client.query(readFileSync("examples/push-function/setup.sql", "utf8"));
    await migrated.client.query("alter role chat_push password 'of-the-function'");
    const role = { user: "chat_push", password: "of-the-function" };
    process.env["DATABASE_URL"] = connectionUrl({ ...migrated.database, ...role }, migrated.server.caFile);
    process.env["PUSH_GATEWAY"] = `http://127.0.0.1:${await listen(gateway)}`;
  });

  it("tells the gateway of a message by its id, for members who may see it, and forgets it", async () => {
    const id = await send(rooms.partners);
    expect(await handler()).toEqual({ announced: 1 });
    // Bob alone: ann wrote it, cat is banned, dan blocked ann, and eve is not a member.
    const devices = [{ app_id: "ios", pushkey: "phone of bob" }];
    expect(notified).toEqual([
      ["/_matrix/push/v1/notify", { notification: { event_id: id, room_id: rooms.partners, devices } }],
    ]);
    expect(await waiting()).toBe(0);
  });

  it("is silent for Community and for deleted messages", async () => {
    await send(rooms.community);
    const id = await send(rooms.partners);
    await migrated.client.query("update chat_messages set is_deleted = true where id = $1", [id]);
    expect(await handler()).toEqual({ announced: 0 });
    expect(notified).toEqual([]);
    expect(await waiting()).toBe(0);
  });

  it("keeps the message for the next run if the gateway fails", async () => {
    answer = { status: 502, rejected: [] };
    await send(rooms.partners);
    await expect(handler()).rejects.toThrow("the push gateway answered 502");
    expect(await waiting()).toBe(1);
  });

  it("forgets a device that the gateway rejects", async () => {
    answer = { status: 200, rejected: ["phone of bob"] };
    await send(rooms.partners);
    await handler();
    expect((await migrated.client.query("select from chat_push_devices where user_id = 'bob'")).rows).toEqual(
      [],
    );
  });
});
