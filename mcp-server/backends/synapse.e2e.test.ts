import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import * as z from "zod";
import { path } from "../../shared/matrix.ts";
import { describeWithSynapse } from "../../test/describe-with-synapse.ts";
import { anyCharacter } from "../../test/jest/any-character.ts";
import { eventually } from "../../test/jest/eventually.ts";
import type { Account } from "../../test/matrix.ts";
import { contract } from "../../test/mcp-server/contract.ts";
import { type Homeserver, startHomeserver } from "../../test/mcp-server/homeserver.ts";
import type { ChatBackend } from "../chat/backend.ts";
import { toCursor } from "../chat/cursor.ts";
import { synapseBackend } from "./synapse.ts";

const signal = () => new AbortController().signal;
const all = { limit: 100 };
const text = { message_type: "text" as const };
const word = () => `w${randomBytes(6).toString("hex")}`;

describeWithSynapse("Synapse as a backend", () => {
  let homeserver: Homeserver;
  let chat: ChatBackend;
  let world: Homeserver["world"];
  let user: string;
  beforeAll(async () => {
    homeserver = await startHomeserver();
    world = homeserver.world;
    chat = synapseBackend(homeserver.options);
    user = await world.newUser();
  });
  afterAll(async () => {
    await homeserver?.stop();
  });

  contract("synapse", 8, async () => ({ world: { ...world, backend: chat }, stop: async () => {} }));

  const contents = async (room_id: string) =>
    (await chat.getMessages({ room_id, ...all }, signal())).items.map(({ content }) => content);
  const ask = async (who: Account, method: string, path: string, body?: unknown) => {
    const reply = await homeserver.as(who, method, path, body);
    expect(reply).toMatchObject({ status: 200 });
    return reply.body;
  };
  const bot = async (): Promise<Account> => {
    const login = path`/_synapse/admin/v1/users/${world.agent}/login`;
    const { access_token } = await ask(homeserver.admin, "POST", login, {});
    return { userId: world.agent, accessToken: String(access_token) };
  };
  const edit = (who: Account, room: string, id: string, body: string) =>
    ask(who, "PUT", homeserver.inRoom(room, `send/m.room.message/${randomUUID()}`), {
      msgtype: "m.text",
      body: `* ${body}`,
      "m.new_content": { msgtype: "m.text", body },
      "m.relates_to": { rel_type: "m.replace", event_id: id },
    });

  it("pages of messages skip other events, and the last one has no cursor even if a deleted message follows", async () => {
    const room = await world.newRoom("Skips", [user]);
    const ids: string[] = [];
    for (let n = 0; n < 8; n++) ids.push(await world.say(user, room, String(n)));
    for (const id of [0, 1, 4]) await chat.deleteMessage({ message_id: String(ids[id]) }, signal());
    await chat.muteUser({ by: "admin", room_id: room, user_id: user, muted: true }, signal());
    const pages: string[][] = [];
    let cursor: string | undefined;
    do {
      const page = await chat.getMessages({ room_id: room, limit: 2, cursor }, signal());
      pages.push(page.items.map(({ content }) => content));
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    expect(pages).toEqual([["7", "6"], ["5", "3"], ["2"]]);
  });

  it("an edited message shows its newest text and the time of the edit; deleting it removes the edits", async () => {
    const who = await homeserver.accountOf(user);
    const room = await world.newRoom("Edits", [user]);
    const id = await world.say(user, room, "frist");
    await edit(who, room, id, "first");
    const { items } = await chat.getMessages({ room_id: room, ...all }, signal());
    expect(items).toMatchObject([{ id, content: "first" }]);
    expect(Date.parse(items[0]?.updated_at ?? "")).toBeGreaterThan(Date.parse(items[0]?.created_at ?? ""));
    await chat.deleteMessage({ message_id: id }, signal());
    const raw = await ask(who, "GET", homeserver.inRoom(room, "messages?dir=b&limit=50"));
    expect(JSON.stringify(raw["chunk"])).not.toMatch(/frist|first/);
  });

  it("a search by one user finds all messages, even if most matches are by others or deleted", async () => {
    const busy = await world.newUser();
    const room = await world.newRoom("Needle", [user, busy]);
    const query = word();
    await world.say(user, room, `${query} oldest`);
    // More than one request to the index finds.
    const noise = await Promise.all(
      Array.from({ length: 102 }, (_, n) => world.say(busy, room, `${query} ${n}`)),
    );
    await world.say(user, room, `${query} newest`);
    await chat.deleteMessage({ message_id: String(noise[60]) }, signal());
    const own = { query, room_id: room };
    const found = await chat.searchMessages({ ...own, user_id: user, limit: 5 }, signal());
    expect(found.items.map(({ content }) => content)).toEqual([`${query} newest`, `${query} oldest`]);
    expect(found.next_cursor).toBeUndefined();
    const pages: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await chat.searchMessages({ ...own, limit: 50, cursor }, signal());
      pages.push(...page.items.map(({ id }) => id));
      cursor = page.next_cursor;
    } while (cursor !== undefined);
    expect(pages).toHaveLength(103);
    expect(new Set(pages).size).toBe(103);
  });

  describe("an encrypted room", () => {
    let room: string;
    beforeAll(async () => {
      room = await homeserver.createRoom(
        {
          name: "Secret",
          topic: "For few",
          initial_state: [
            { type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } },
          ],
        },
        [world.agent, user],
      );
    });

    it("is described as encrypted in the list of rooms", async () => {
      const rooms = await chat.listRooms({ include_inactive: false }, signal());
      expect(rooms.find(({ id }) => id === room)?.description).toMatch(/^For few End-to-end encrypted: /);
    });

    it("shows that there are messages, and refuses messages in plain text", async () => {
      await ask(
        await homeserver.accountOf(user),
        "PUT",
        homeserver.inRoom(room, `send/m.room.encrypted/${randomUUID()}`),
        {
          algorithm: "m.megolm.v1.aes-sha2",
          ciphertext: "AwgAEnACgAkLmt6qF84IK",
        },
      );
      expect(await contents(room)).toEqual(["(end-to-end encrypted: these tools cannot read this message)"]);
      await expect(
        chat.sendMessage({ room_id: room, content: "Hello", ...text }, signal()),
      ).rejects.toMatchObject({
        code: "rejected",
        field: "room_id",
        message: expect.stringContaining("end-to-end encrypted"),
      });
    });
  });

  it("a room where not even the agent has the power to write is inactive", async () => {
    const room = await homeserver.createRoom({ name: "Archive" }, [world.agent]);
    const state = homeserver.inRoom(room, "state/m.room.power_levels");
    const levels = await ask(homeserver.admin, "GET", state);
    await ask(homeserver.admin, "PUT", state, { ...levels, events_default: 100 });
    const rooms = await chat.listRooms({ include_inactive: true }, signal());
    expect(rooms.find(({ id }) => id === room)).toMatchObject({ is_active: false });
    await expect(
      chat.sendMessage({ room_id: room, content: "Hello", ...text }, signal()),
    ).rejects.toMatchObject({ code: "rejected", field: "room_id" });
  });

  it("a link to content is an address in other apps, and is read without it", async () => {
    const room = await homeserver.createRoom({ name: "Link" }, [world.agent]);
    const draft = {
      room_id: room,
      content: "Look",
      message_type: "phenom_link",
      phenom_id: "a b/c",
    } as const;
    const { id, content } = await chat.sendMessage(draft, signal());
    expect(content).toBe("Look");
    const event = homeserver.inRoom(room, path`event/${id}`);
    expect((await ask(homeserver.admin, "GET", event))["content"]).toEqual({
      msgtype: "m.text",
      body: "Look\nhttps://thephenom.app/phenom/a%20b%2Fc",
      "app.thephenom.phenom_id": "a b/c",
    });
  });

  it("an id of another kind is refused with the name of the argument, without a request to Synapse", async () => {
    const invalid = (field: string) => ({ code: "invalid_argument", field });
    await expect(chat.getMessages({ room_id: "../admin", ...all }, signal())).rejects.toMatchObject(
      invalid("room_id"),
    );
    await expect(chat.deleteMessage({ message_id: "!room" }, signal())).rejects.toMatchObject(
      invalid("message_id"),
    );
    await expect(
      chat.banUser({ by: "admin", room_id: world.unknown.room, user_id: "ann" }, signal()),
    ).rejects.toMatchObject(invalid("user_id"));
  });

  it("an id with any text after its first character ends in an error that names an argument", async () => {
    const room_id = await world.newRoom("Hostile", []);
    const part = fc.oneof(
      fc
        .string({ unit: anyCharacter, minLength: 1, maxLength: 60 })
        .filter((name) => !/[\p{Surrogate}\0]/u.test(name)),
      fc.constantFrom(".", "../..", "a:b:c", "a/b?c=d#e:x", "../..:x", "%00:x", `x:${homeserver.serverName}`),
      fc.stringMatching(/^[!-9;-~]{1,60}:[a-z.]{1,20}$/),
      fc.stringMatching(/^[A-Za-z0-9_/+-]{43}$/),
    );
    const calls = [
      (id: string) => chat.getMessages({ room_id: `!${id}`, ...all }, signal()),
      (id: string) => chat.listMembers({ room_id: `!${id}`, ...all }, signal()),
      (id: string) => chat.searchMessages({ query: id, room_id: `!${id}`, ...all }, signal()),
      (id: string) => chat.searchMessages({ query: id, user_id: `@${id}:x`, ...all }, signal()),
      (id: string) => chat.sendMessage({ room_id: `!${id}`, content: id, ...text }, signal()),
      (id: string) => chat.deleteMessage({ message_id: `$${id}` }, signal()),
      (id: string) => chat.banUser({ by: "admin", room_id, user_id: `@${id}:x` }, signal()),
      (id: string) =>
        chat.banUser({ by: "admin", room_id, user_id: `@${id}:${homeserver.serverName}` }, signal()),
      (id: string) => chat.unbanUser({ room_id, user_id: `@${id}:x` }, signal()),
      (id: string) => chat.muteUser({ by: "admin", room_id, user_id: `@${id}:x`, muted: true }, signal()),
      (id: string) => {
        const scope = ["messages", room_id, "newest", undefined, undefined, undefined];
        const cursor = toCursor(scope, { at: "0", id: `$${id}` });
        return chat.getMessages({ room_id, limit: 1, cursor }, signal());
      },
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...calls), part, async (call, id) => {
        const error = await call(id).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (error === undefined) return;
        expect(error).toMatchObject({
          code: expect.stringMatching(/^(invalid_argument|not_found|forbidden)$/),
          field: expect.any(String),
        });
      }),
      { numRuns: 100 },
    );
  });

  it("only messages in the agent's rooms can be deleted, although the account may delete more", async () => {
    const foreign = await world.newForeignRoom("Private");
    const elsewhere = await world.say(homeserver.admin.userId, foreign, "ours alone");
    const room = await world.newRoom("State", []);
    const state = homeserver.inRoom(room, "state/m.room.power_levels?format=event");
    const levels = z.string().parse((await ask(await bot(), "GET", state))["event_id"]);
    for (const message_id of [elsewhere, levels])
      await expect(chat.deleteMessage({ message_id }, signal())).rejects.toMatchObject({
        code: "not_found",
        field: "message_id",
      });
  });

  describe("the agent's account", () => {
    it("serves two servers at once, with common idempotency keys", async () => {
      const room = await world.newRoom("Two servers", []);
      const logins = () =>
        homeserver
          .synapse()
          .output()
          .match(/Logging in user @phenom-mcp\S+ on device PHENOM-MCP/g)?.length ?? 0;
      const draft = { room_id: room, content: "Once", ...text, idempotency_key: "ab".repeat(32) };
      const one = await chat.sendMessage(draft, signal());
      const before = logins();
      const other = synapseBackend(homeserver.options);
      expect(await other.sendMessage(draft, signal())).toEqual(one);
      expect(await contents(room)).toEqual(["Once"]);
      // Signing in a second time, to the same device, has not ended the first one's session.
      const { devices } = await ask(await bot(), "GET", "/_matrix/client/v3/devices");
      expect(JSON.stringify(devices).match(/PHENOM-MCP/g)).toHaveLength(1);
      await eventually(() => expect(logins()).toBe(before + 1));
      await chat.health(signal());
      await other.health(signal());
      expect(logins()).toBe(before + 1);
    });

    it("signs in again if its sessions are ended during many calls", async () => {
      const room = await world.newRoom("Signed out", []);
      await ask(await bot(), "POST", "/_matrix/client/v3/logout/all", {});
      const sent = await Promise.all(
        Array.from({ length: 5 }, (_, n) =>
          chat.sendMessage({ room_id: room, content: String(n), ...text }, signal()),
        ),
      );
      expect(new Set(sent.map(({ id }) => id)).size).toBe(5);
    });

    it("tries a wrong password once, reports it, and is unhealthy with its code", async () => {
      const wrong = synapseBackend({
        ...homeserver.options,
        bot: { ...homeserver.bot, password: randomBytes(20).toString("hex") },
      });
      const failures = () =>
        homeserver
          .synapse()
          .output()
          .match(/Failed password login/g)?.length ?? 0;
      const before = failures();
      const call = () => wrong.listRooms({ include_inactive: false }, signal());
      const refused = { code: "unavailable", message: expect.stringContaining("SYNAPSE_BOT_PASSWORD") };
      await expect(call()).rejects.toMatchObject(refused);
      await expect(call()).rejects.toMatchObject(refused);
      expect(failures() - before).toBe(1);
      expect(await wrong.health(signal())).toEqual({ reachable: false, problem: "agent_sign_in_refused" });
    });

    it("reports the remedy if it is no server administrator", async () => {
      const password = randomBytes(20).toString("hex");
      const user = path`/_synapse/admin/v2/users/${`@phenom-plain:${homeserver.serverName}`}`;
      expect((await homeserver.as(homeserver.admin, "PUT", user, { password })).status).toBe(201);
      const plain = synapseBackend({ ...homeserver.options, bot: { username: "phenom-plain", password } });
      await expect(
        plain.deleteMessage({ message_id: world.unknown.message }, signal()),
      ).rejects.toMatchObject({
        code: "unavailable",
        message: expect.stringContaining("bootstrap"),
      });
      expect(await plain.health(signal())).toEqual({
        reachable: false,
        problem: "agent_is_no_administrator",
      });
    });

    it("waits for short rate limits of Synapse, and tells the agent of longer ones", async () => {
      const limited = { username: "phenom-limited", password: randomBytes(20).toString("hex") };
      const id = `@${limited.username}:${homeserver.serverName}`;
      const user = path`/_synapse/admin/v2/users/${id}`;
      const made = await homeserver.as(homeserver.admin, "PUT", user, { ...limited, admin: true });
      expect(made.status).toBe(201);
      await ask(homeserver.admin, "POST", path`/_synapse/admin/v1/users/${id}/override_ratelimit`, {
        messages_per_second: 1,
        burst_count: 1,
      });
      const room = await world.newRoom("Limited", [id]);
      const chat = synapseBackend({ ...homeserver.options, bot: limited });
      const sent = await Promise.allSettled(
        Array.from({ length: 8 }, (_, n) =>
          chat.sendMessage({ room_id: room, content: String(n), ...text }, signal()),
        ),
      );
      const refused = sent.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
      expect(sent.length - refused.length).toBeGreaterThan(1);
      expect(refused.length).toBeGreaterThan(0);
      for (const reason of refused)
        expect(reason).toMatchObject({
          code: "rate_limited",
          retryAfterMs: expect.any(Number),
          message: expect.stringMatching(/Try again in \d+ s/),
        });
      expect(await contents(room)).toHaveLength(sent.length - refused.length);
    });
  });

  it("a call fails as unavailable and the backend is unhealthy while the homeserver cannot be reached", async () => {
    const away = synapseBackend({ ...homeserver.options, url: "http://127.0.0.1:9" });
    await expect(away.listRooms({ include_inactive: false }, signal())).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(await away.health(signal())).toEqual({ reachable: false, problem: "unavailable" });
  });
});
