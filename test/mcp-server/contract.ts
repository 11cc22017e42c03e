import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ChatBackend } from "../../mcp-server/chat/backend.ts";
import { banSchema, memberSchema, messageSchema, roomSchema } from "../../mcp-server/chat/model.ts";

/** A chat to try a backend on. Every test makes rooms and users of its own, so none sees another's. */
export interface ContractWorld {
  readonly backend: ChatBackend;
  /** User id of the account that the backend acts as. */
  readonly agent: string;
  newUser(): Promise<string>;
  /** A room with the agent and these members. */
  newRoom(name: string, members: readonly string[]): Promise<string>;
  /** A room that the agent is no member of. */
  newForeignRoom(name: string): Promise<string>;
  /** A room that takes no new messages; the agent is a member. */
  newInactiveRoom(name: string): Promise<string>;
  /** Sends as somebody else; gives the message's id. */
  say(userId: string, roomId: string, content: string): Promise<string>;
  /** Whether the chat takes a message from this user now. */
  trySay(userId: string, roomId: string): Promise<boolean>;
  linkPreview(phenomId: string, title: string): Promise<void>;
  /** Ids of the right form that nothing has. */
  readonly unknown: { readonly room: string; readonly message: string; readonly user: string };
}

const signal = () => new AbortController().signal;
const key = () => randomBytes(32).toString("hex");
const inAMinute = () => new Date(Date.now() + 60_000).toISOString();
const all = { limit: 100 };

/** What every backend does in the same way. */
export function contract(
  name: string,
  start: () => Promise<{ world: ContractWorld; stop: () => Promise<void> }>,
) {
  describe(`the chat on ${name}`, () => {
    let chat: ChatBackend;
    let world: ContractWorld;
    let stop: () => Promise<void>;
    beforeAll(async () => {
      ({ world, stop } = await start());
      chat = world.backend;
    });
    afterAll(async () => {
      await chat?.close();
      await stop?.();
    });
    const contents = async (room_id: string) =>
      (await chat.getMessages({ room_id, ...all }, signal())).items.map(({ content }) => content);

    describe("rooms", () => {
      it("are listed with the fields of the specification", async () => {
        const id = await world.newRoom("Fields", []);
        const rooms = await chat.listRooms({ include_inactive: false }, signal());
        expect(rooms.find((room) => room.id === id)).toMatchObject({ name: "Fields", is_active: true });
        for (const room of rooms) expect(roomSchema.safeParse(room).error).toBeUndefined();
      });

      it("that are inactive are listed only on request", async () => {
        const id = await world.newInactiveRoom("Closed");
        const listed = async (include_inactive: boolean) =>
          (await chat.listRooms({ include_inactive }, signal())).some((room) => room.id === id);
        expect(await listed(false)).toBe(false);
        expect(await listed(true)).toBe(true);
      });
    });

    describe("messages", () => {
      it("are listed newest first, with their sender", async () => {
        const user = await world.newUser();
        const room = await world.newRoom("Order", [user]);
        for (const text of ["one", "two", "three"]) await world.say(user, room, text);
        const { items, next_cursor } = await chat.getMessages({ room_id: room, ...all }, signal());
        expect(items.map(({ content }) => content)).toEqual(["three", "two", "one"]);
        expect(next_cursor).toBeUndefined();
        expect(items[0]).toMatchObject({
          room_id: room,
          user_id: user,
          message_type: "text",
          user: { id: user },
        });
        for (const item of items) expect(messageSchema.safeParse(item).error).toBeUndefined();
      });

      it("are paged without a gap or a repetition while new ones arrive", async () => {
        const user = await world.newUser();
        const room = await world.newRoom("Pages", [user]);
        for (let n = 1; n <= 7; n++) await world.say(user, room, `message ${n}`);
        const seen: string[] = [];
        let cursor: string | undefined;
        let pages = 0;
        do {
          const page = await chat.getMessages({ room_id: room, limit: 3, cursor }, signal());
          seen.push(...page.items.map(({ content }) => content));
          cursor = page.next_cursor;
          await world.say(user, room, `later ${++pages}`);
        } while (cursor !== undefined && pages < 10);
        expect(seen).toEqual([7, 6, 5, 4, 3, 2, 1].map((n) => `message ${n}`));
      });

      it("of an empty room are an empty page", async () => {
        const room = await world.newRoom("Empty", []);
        expect(await chat.getMessages({ room_id: room, ...all }, signal())).toMatchObject({ items: [] });
      });

      it("of an unknown room, or a room without the agent, are refused with the name of the argument", async () => {
        const foreign = await world.newForeignRoom("Foreign");
        await expect(
          chat.getMessages({ room_id: world.unknown.room, ...all }, signal()),
        ).rejects.toMatchObject({
          code: "not_found",
          field: "room_id",
        });
        await expect(chat.getMessages({ room_id: foreign, ...all }, signal())).rejects.toMatchObject({
          code: expect.stringMatching(/forbidden|not_found/),
          field: "room_id",
        });
      });

      it("with an invalid cursor are refused with the name of the argument", async () => {
        const room = await world.newRoom("Cursor", []);
        for (const cursor of ["x", "bm9uc2Vuc2U", "W10", Buffer.from('["2020","x"]').toString("base64url")])
          await expect(chat.getMessages({ room_id: room, limit: 1, cursor }, signal())).rejects.toMatchObject(
            {
              code: "invalid_argument",
              field: "cursor",
            },
          );
      });
    });

    describe("search", () => {
      it("finds words in all rooms or one, by everyone or one user", async () => {
        const [ann, ben] = [await world.newUser(), await world.newUser()];
        const [one, two] = [await world.newRoom("S1", [ann, ben]), await world.newRoom("S2", [ann])];
        const word = `zebra${key().slice(0, 8)}`;
        await world.say(ann, one, `a ${word} here`);
        await world.say(ben, one, `another ${word}`);
        await world.say(ann, two, `${word} elsewhere`);
        await world.say(ann, two, "nothing");
        const find = async (filter: { room_id?: string; user_id?: string }) =>
          (await chat.searchMessages({ query: word, ...filter, ...all }, signal())).items.map(
            (m) => m.content,
          );
        expect(await find({})).toEqual([`${word} elsewhere`, `another ${word}`, `a ${word} here`]);
        expect(await find({ room_id: one })).toEqual([`another ${word}`, `a ${word} here`]);
        expect(await find({ user_id: ann })).toEqual([`${word} elsewhere`, `a ${word} here`]);
        expect(await find({ room_id: one, user_id: ann })).toEqual([`a ${word} here`]);
      });

      it("pages without a gap and finds no deleted message", async () => {
        const user = await world.newUser();
        const room = await world.newRoom("S3", [user]);
        const word = `okapi${key().slice(0, 8)}`;
        const ids: string[] = [];
        for (let n = 1; n <= 5; n++) ids.push(await world.say(user, room, `${word} ${n}`));
        await chat.deleteMessage({ message_id: String(ids[2]) }, signal());
        const first = await chat.searchMessages({ query: word, limit: 2 }, signal());
        const second = await chat.searchMessages(
          { query: word, limit: 2, cursor: first.next_cursor },
          signal(),
        );
        expect([...first.items, ...second.items].map((m) => m.content)).toEqual(
          [5, 4, 2, 1].map((n) => `${word} ${n}`),
        );
        expect(second.next_cursor).toBeUndefined();
      });
    });

    describe("sending", () => {
      const text = { message_type: "text" as const };

      it("returns the message as everyone sees it, from the agent's account", async () => {
        const room = await world.newRoom("Send", []);
        const content = 'Ünïcödé 🦓 "quotes" \\ <b>\n\ttabs';
        const sent = await chat.sendMessage({ room_id: room, content, ...text }, signal());
        expect(sent).toMatchObject({ room_id: room, user_id: world.agent, content, message_type: "text" });
        expect(messageSchema.safeParse(sent).error).toBeUndefined();
        const { items } = await chat.getMessages({ room_id: room, ...all }, signal());
        expect(items).toEqual([sent]);
      });

      it("accepts 4000 characters of any kind", async () => {
        const room = await world.newRoom("Long", []);
        const content = "🦓".repeat(4000);
        await chat.sendMessage({ room_id: room, content, ...text }, signal());
        expect(await contents(room)).toEqual([content]);
      });

      it("a link to Phenom content keeps its id, and shows its preview when there is one", async () => {
        const room = await world.newRoom("Links", []);
        const phenom_id = `film-${key().slice(0, 8)}`;
        await world.linkPreview(phenom_id, "A film");
        const sent = await chat.sendMessage(
          { room_id: room, content: "Look", message_type: "phenom_link", phenom_id },
          signal(),
        );
        expect(sent).toMatchObject({ message_type: "phenom_link", phenom_id });
        const { items } = await chat.getMessages({ room_id: room, ...all }, signal());
        expect(items[0]).toMatchObject({
          phenom_id,
          link_preview: { url: `https://thephenom.app/phenom/${phenom_id}`, title: "A film" },
        });
      });

      it("twice with one key sends once and returns the same message", async () => {
        const room = await world.newRoom("Keys", []);
        const draft = { room_id: room, content: "Once", ...text, idempotency_key: key() };
        const first = await chat.sendMessage(draft, signal());
        const second = await chat.sendMessage(draft, signal());
        expect(second).toEqual(first);
        expect(await contents(room)).toEqual(["Once"]);
      });

      it("with the key of another message is a conflict", async () => {
        const room = await world.newRoom("Other content", []);
        const draft = { room_id: room, content: "Once", ...text, idempotency_key: key() };
        await chat.sendMessage(draft, signal());
        for (const other of [
          { content: "Other words" },
          { message_type: "phenom_link" as const, phenom_id: "film" },
        ])
          await expect(chat.sendMessage({ ...draft, ...other }, signal())).rejects.toMatchObject({
            code: "conflict",
            field: "idempotency_key",
          });
        expect(await contents(room)).toEqual(["Once"]);
      });

      it("with one key from many clients at once sends once", async () => {
        const room = await world.newRoom("Race", []);
        const draft = { room_id: room, content: "Once", ...text, idempotency_key: key() };
        const sent = await Promise.all(Array.from({ length: 8 }, () => chat.sendMessage(draft, signal())));
        expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
        expect(await contents(room)).toEqual(["Once"]);
      });

      it("with the key of a deleted message reports that", async () => {
        const room = await world.newRoom("Deleted key", []);
        const draft = { room_id: room, content: "Gone", ...text, idempotency_key: key() };
        const { id } = await chat.sendMessage(draft, signal());
        await chat.deleteMessage({ message_id: id }, signal());
        await expect(chat.sendMessage(draft, signal())).rejects.toMatchObject({
          code: "conflict",
          field: "idempotency_key",
        });
      });

      it("into an unknown, foreign or inactive room is refused, with and without a key", async () => {
        const foreign = await world.newForeignRoom("Foreign send");
        const inactive = await world.newInactiveRoom("Inactive send");
        for (const idempotency_key of [undefined, key()]) {
          const send = (room_id: string) =>
            chat.sendMessage({ room_id, content: "Hello", ...text, idempotency_key }, signal());
          await expect(send(world.unknown.room)).rejects.toMatchObject({
            code: "not_found",
            field: "room_id",
          });
          await expect(send(foreign)).rejects.toThrow();
          await expect(send(inactive)).rejects.toThrow();
        }
      });
    });

    describe("deleting", () => {
      it("hides the message, and again changes nothing", async () => {
        const user = await world.newUser();
        const room = await world.newRoom("Delete", [user]);
        await world.say(user, room, "stays");
        const id = await world.say(user, room, "goes");
        await chat.deleteMessage({ message_id: id, reason: "Spam" }, signal());
        await chat.deleteMessage({ message_id: id }, signal());
        expect(await contents(room)).toEqual(["stays"]);
      });

      it("an unknown message is refused with the name of the argument", async () => {
        await expect(
          chat.deleteMessage({ message_id: world.unknown.message }, signal()),
        ).rejects.toMatchObject({
          code: "not_found",
          field: "message_id",
        });
      });
    });

    describe("members", () => {
      it("are listed with their role, in pages", async () => {
        const users = [await world.newUser(), await world.newUser(), await world.newUser()];
        const room = await world.newRoom("Members", users);
        const first = await chat.listMembers({ room_id: room, limit: 2 }, signal());
        const second = await chat.listMembers(
          { room_id: room, limit: 2, cursor: first.next_cursor },
          signal(),
        );
        const members = [...first.items, ...second.items];
        expect(members.map(({ user_id }) => user_id).sort()).toEqual([world.agent, ...users].sort());
        expect(second.next_cursor).toBeUndefined();
        for (const member of members) expect(memberSchema.safeParse(member).error).toBeUndefined();
      });

      it("of an unknown room are refused with the name of the argument", async () => {
        await expect(
          chat.listMembers({ room_id: world.unknown.room, ...all }, signal()),
        ).rejects.toMatchObject({
          code: "not_found",
          field: "room_id",
        });
      });
    });

    describe("muting", () => {
      it("keeps a member from sending until they are unmuted", async () => {
        const user = await world.newUser();
        const room = await world.newRoom("Mute", [user]);
        const muted = await chat.muteUser({ room_id: room, user_id: user, muted: true }, signal());
        expect(muted).toMatchObject({ user_id: user, is_muted: true });
        expect(muted.muted_until).toBeUndefined();
        expect(await world.trySay(user, room)).toBe(false);
        const unmuted = await chat.muteUser({ room_id: room, user_id: user, muted: false }, signal());
        expect(unmuted).toMatchObject({ user_id: user, is_muted: false });
        expect(await world.trySay(user, room)).toBe(true);
      });

      it("until a time returns that time", async () => {
        const user = await world.newUser();
        const room = await world.newRoom("Mute until", [user]);
        const until = inAMinute();
        const member = await chat.muteUser({ room_id: room, user_id: user, muted: true, until }, signal());
        expect(Date.parse(member.muted_until ?? "")).toBe(Date.parse(until));
        const { items } = await chat.listMembers({ room_id: room, ...all }, signal());
        expect(items.find(({ user_id }) => user_id === user)).toEqual(member);
      });

      it("no member, in an unknown room, or the agent itself is refused with the name of the argument", async () => {
        const [room, user] = [await world.newRoom("Mute none", []), await world.newUser()];
        const mute = (room_id: string, user_id: string) =>
          chat.muteUser({ room_id, user_id, muted: true }, signal());
        await expect(mute(room, user)).rejects.toMatchObject({ code: "not_found", field: "user_id" });
        await expect(mute(world.unknown.room, user)).rejects.toMatchObject({
          code: "not_found",
          field: "room_id",
        });
        await expect(mute(room, world.agent)).rejects.toMatchObject({ code: "forbidden", field: "user_id" });
      });
    });

    describe("banning", () => {
      it("keeps a user out until the ban is lifted", async () => {
        const user = await world.newUser();
        const room = await world.newRoom("Ban", [user]);
        const ban = await chat.banUser({ room_id: room, user_id: user, reason: "Rude" }, signal());
        expect(ban).toMatchObject({ room_id: room, user_id: user, banned_by: world.agent, reason: "Rude" });
        expect(banSchema.safeParse(ban).error).toBeUndefined();
        expect(await world.trySay(user, room)).toBe(false);
        await chat.unbanUser({ room_id: room, user_id: user }, signal());
        await expect(chat.unbanUser({ room_id: room, user_id: user }, signal())).rejects.toMatchObject({
          code: "not_found",
          field: "user_id",
        });
      });

      it("with an end returns it", async () => {
        const user = await world.newUser();
        const room = await world.newRoom("Ban until", [user]);
        const expires_at = inAMinute();
        const ban = await chat.banUser({ room_id: room, user_id: user, expires_at }, signal());
        expect(Date.parse(ban.expires_at ?? "")).toBe(Date.parse(expires_at));
      });

      it("until the last time that can be written ends when it is lifted, and fails no page", async () => {
        const user = await world.newUser();
        const room = await world.newRoom("Ban until the end", [user]);
        const last = "9999-12-31T23:59:59.999Z";
        const muted = await chat.muteUser(
          { room_id: room, user_id: user, muted: true, until: last },
          signal(),
        );
        expect(muted.muted_until).toMatch(/^9999-12-31T23:59:59/);
        await chat.listMembers({ room_id: room, ...all }, signal());
        await chat.muteUser({ room_id: room, user_id: user, muted: false }, signal());
        const ban = await chat.banUser({ room_id: room, user_id: user, expires_at: last }, signal());
        expect(ban.expires_at).toMatch(/^9999-12-31T23:59:59/);
        await chat.unbanUser({ room_id: room, user_id: user }, signal());
        expect(await world.trySay(user, room)).toBe(true);
      });

      it("a banned user again is refused with the end of the ban", async () => {
        const user = await world.newUser();
        const room = await world.newRoom("Ban twice", [user]);
        const expires_at = inAMinute();
        await chat.banUser({ room_id: room, user_id: user, expires_at }, signal());
        await expect(chat.banUser({ room_id: room, user_id: user }, signal())).rejects.toMatchObject({
          code: "conflict",
          message: expect.stringContaining(expires_at.slice(0, 19)),
        });
      });

      it("an unknown user, in an unknown room, or the agent itself is refused with the name of the argument", async () => {
        const [room, user] = [await world.newRoom("Ban none", []), await world.newUser()];
        const ban = (room_id: string, user_id: string) => chat.banUser({ room_id, user_id }, signal());
        await expect(ban(room, world.unknown.user)).rejects.toMatchObject({
          code: "not_found",
          field: "user_id",
        });
        await expect(ban(world.unknown.room, user)).rejects.toMatchObject({
          code: "not_found",
          field: "room_id",
        });
        await expect(ban(room, world.agent)).rejects.toMatchObject({ code: "forbidden", field: "user_id" });
      });
    });

    it("a call whose client has disconnected ends at once", async () => {
      const gone = AbortSignal.abort(new Error("gone"));
      await expect(chat.listRooms({ include_inactive: true }, gone)).rejects.toThrow("gone");
    });

    it("the backend reports itself reachable", async () => {
      expect(await chat.health(signal())).toEqual({ reachable: true });
    });
  });
}
