import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ChatBackend } from "../../mcp-server/chat/backend.ts";
import { messageLines } from "../../mcp-server/chat/lines.ts";
import {
  banSchema,
  type Message,
  memberSchema,
  messageSchema,
  roomSchema,
} from "../../mcp-server/chat/model.ts";
import { shownMessage, shownMessages } from "../../mcp-server/chat/shown.ts";
import { moderatorsAfternoon } from "./afternoon.ts";
import { callAtRandom } from "./random-calls.ts";
import { startTestService, type TestService } from "./service.ts";

/**
 * A chat to try a backend on. A test makes a room of its own for what it changes, so none sees another's. Users are shared
 * where their messages are few: an account may send 30 in three seconds.
 */
export interface ContractWorld {
  readonly backend: ChatBackend;
  /** User id of the account that the backend acts as. */
  readonly agent: string;
  /** Who is a member of every new room: the agent, and on some backends the account that made the room. */
  readonly inEveryRoom: readonly string[];
  newUser(displayName?: string): Promise<string>;
  /** Makes a member support or admin of a room. */
  setRole(userId: string, roomId: string, role: "support" | "admin"): Promise<void>;
  /** A room with the agent, as its admin, and these members. */
  newRoom(name: string, members: readonly string[]): Promise<string>;
  /** A room that the agent is no member of. */
  newForeignRoom(name: string): Promise<string>;
  /** A room that takes no new messages; the agent is a member. */
  newInactiveRoom(name: string): Promise<string>;
  /** Sends as somebody else; gives the message's id. */
  say(userId: string, roomId: string, content: string): Promise<string>;
  /** Sends as somebody else into a room that the agent is not in. */
  sayInForeign(roomId: string, content: string): Promise<string>;
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

/** What every backend does in the same way. @param calls random calls of each tool */
export function contract(
  name: string,
  calls: number,
  start: () => Promise<{ world: ContractWorld; stop: () => Promise<void> }>,
) {
  describe(`the chat on ${name}`, () => {
    let chat: ChatBackend;
    let world: ContractWorld;
    let stop: () => Promise<void>;
    // Rooms that no test changes.
    let empty: string;
    let foreign: string;
    let inactive: string;
    beforeAll(async () => {
      ({ world, stop } = await start());
      chat = world.backend;
      empty = await world.newRoom("Empty", []);
      foreign = await world.newForeignRoom("Foreign");
      inactive = await world.newInactiveRoom("Closed");
    });
    afterAll(async () => {
      await chat?.close();
      await stop?.();
    });
    const contents = async (room_id: string) =>
      (await chat.getMessages({ room_id, ...all }, signal())).items.map(({ content }) => content);

    // First: lists of rooms are short while few tests have made theirs.
    describe("through the server", () => {
      let service: TestService;
      beforeAll(async () => {
        service = await startTestService({ ...chat, close: async () => {} });
      });
      afterAll(() => service?.stop());

      it("a moderator's afternoon takes eight calls and few tokens", async () => {
        const cost = await moderatorsAfternoon(service, world);
        expect(cost.calls).toBe(8);
        // The ids of Matrix are the longest.
        expect(cost.textTokens).toBeLessThan(5_400);
        expect(cost.structuredTokens).toBeLessThan(6_900);
      });

      it(
        "random calls shaped by the schemas neither fail as internal nor break a page",
        () => callAtRandom(service, world, calls),
        24 * 3600_000,
      );
    });

    describe("rooms", () => {
      it("are listed with the fields of the specification", async () => {
        const rooms = await chat.listRooms({ include_inactive: false }, signal());
        expect(rooms.find(({ id }) => id === empty)).toMatchObject({ name: "Empty", is_active: true });
        for (const room of rooms) expect(roomSchema.safeParse(room).error).toBeUndefined();
      });

      it("that are inactive are listed only on request", async () => {
        const listed = async (include_inactive: boolean) =>
          (await chat.listRooms({ include_inactive }, signal())).some(({ id }) => id === inactive);
        expect(await listed(false)).toBe(false);
        expect(await listed(true)).toBe(true);
      });

      it("that the agent is not in are not listed", async () => {
        const rooms = await chat.listRooms({ include_inactive: true }, signal());
        expect(rooms.map(({ id }) => id)).not.toContain(foreign);
      });
    });

    describe("messages", () => {
      let user: string;
      beforeAll(async () => {
        user = await world.newUser();
      });

      it("are listed newest first, with their sender", async () => {
        const room = await world.newRoom("Order", [user]);
        for (const text of ["one", "two", "three"]) await world.say(user, room, text);
        const { items, next_cursor } = await chat.getMessages({ room_id: room, ...all }, signal());
        expect(items.map(({ content }) => content)).toEqual(["three", "two", "one"]);
        expect(next_cursor).toBeUndefined();
        expect(items[0]).toMatchObject({
          room_id: room,
          user_id: user,
          message_type: "text",
          profile: { username: expect.any(String) },
        });
        for (const item of shownMessages(items, true).messages)
          expect(messageSchema.safeParse(item).error).toBeUndefined();
      });

      it("are paged without a gap or a repetition while new ones arrive", async () => {
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
        expect(await chat.getMessages({ room_id: empty, ...all }, signal())).toMatchObject({ items: [] });
      });

      it("of an unknown room, or a room without the agent, are refused with the name of the argument", async () => {
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
        for (const cursor of ["x", "bm9uc2Vuc2U", "W10", Buffer.from('["2020","x"]').toString("base64url")])
          await expect(
            chat.getMessages({ room_id: empty, limit: 1, cursor }, signal()),
          ).rejects.toMatchObject({ code: "invalid_argument", field: "cursor" });
      });
    });

    describe("search", () => {
      let ann: string;
      let ben: string;
      beforeAll(async () => {
        [ann, ben] = [await world.newUser(), await world.newUser()];
      });

      it("finds words in all rooms or one, by everyone or one user", async () => {
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
        const room = await world.newRoom("S3", [ann]);
        const word = `okapi${key().slice(0, 8)}`;
        const ids: string[] = [];
        for (let n = 1; n <= 5; n++) ids.push(await world.say(ann, room, `${word} ${n}`));
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

      it("returns the message as everyone sees it, from the agent's account, with up to 4000 characters of any kind", async () => {
        const room = await world.newRoom("Send", []);
        const sent: Message[] = [];
        for (const content of ['Ünïcödé 🦓 "quotes" \\ <b>\n\ttabs', "🦓".repeat(4000)]) {
          const message = await chat.sendMessage({ room_id: room, content, ...text }, signal());
          expect(message).toMatchObject({
            room_id: room,
            user_id: world.agent,
            content,
            message_type: "text",
          });
          expect(messageSchema.safeParse(shownMessage(message, true)).error).toBeUndefined();
          sent.unshift(message);
        }
        const { items } = await chat.getMessages({ room_id: room, ...all }, signal());
        expect(items).toEqual(sent);
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

      it("twice with one key sends once and returns the same message; another message with it is a conflict, and so is one that was deleted", async () => {
        const room = await world.newRoom("Keys", []);
        const draft = { room_id: room, content: "Once", ...text, idempotency_key: key() };
        const first = await chat.sendMessage(draft, signal());
        expect(await chat.sendMessage(draft, signal())).toEqual(first);
        const conflict = { code: "conflict", field: "idempotency_key" };
        for (const other of [
          { content: "Other words" },
          { message_type: "phenom_link" as const, phenom_id: "film" },
        ])
          await expect(chat.sendMessage({ ...draft, ...other }, signal())).rejects.toMatchObject(conflict);
        expect(await contents(room)).toEqual(["Once"]);
        await chat.deleteMessage({ message_id: first.id }, signal());
        await expect(chat.sendMessage(draft, signal())).rejects.toMatchObject(conflict);
      });

      it("with one key from many clients at once sends once", async () => {
        const room = await world.newRoom("Race", []);
        const draft = { room_id: room, content: "Once", ...text, idempotency_key: key() };
        const sent = await Promise.all(Array.from({ length: 8 }, () => chat.sendMessage(draft, signal())));
        expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
        expect(await contents(room)).toEqual(["Once"]);
      });

      it("into an unknown, foreign or inactive room is refused, with and without a key", async () => {
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
        const first = await chat.listMembers({ room_id: room, limit: 3 }, signal());
        const second = await chat.listMembers(
          { room_id: room, limit: 3, cursor: first.next_cursor },
          signal(),
        );
        const members = [...first.items, ...second.items];
        expect(members.map(({ user_id }) => user_id).sort()).toEqual([...world.inEveryRoom, ...users].sort());
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
      let user: string;
      beforeAll(async () => {
        user = await world.newUser();
      });

      it("keeps a member from sending until they are unmuted", async () => {
        const room = await world.newRoom("Mute", [user]);
        const muted = await chat.muteUser(
          { by: "admin", room_id: room, user_id: user, muted: true },
          signal(),
        );
        expect(muted).toMatchObject({ user_id: user, is_muted: true });
        expect(muted.muted_until).toBeUndefined();
        expect(await world.trySay(user, room)).toBe(false);
        const unmuted = await chat.muteUser(
          { by: "admin", room_id: room, user_id: user, muted: false },
          signal(),
        );
        expect(unmuted).toMatchObject({ user_id: user, is_muted: false });
        expect(await world.trySay(user, room)).toBe(true);
        // Again it changes nothing.
        const again = { by: "admin" as const, room_id: room, user_id: user, muted: false };
        expect(await chat.muteUser(again, signal())).toEqual(unmuted);
      });

      it("until a time returns that time", async () => {
        const room = await world.newRoom("Mute until", [user]);
        const until = inAMinute();
        const member = await chat.muteUser(
          { by: "admin", room_id: room, user_id: user, muted: true, until },
          signal(),
        );
        expect(Date.parse(member.muted_until ?? "")).toBe(Date.parse(until));
        const { items } = await chat.listMembers({ room_id: room, ...all }, signal());
        expect(items.find(({ user_id }) => user_id === user)).toEqual(member);
      });

      it("no member, in an unknown room, or the agent itself is refused with the name of the argument", async () => {
        const mute = (room_id: string, user_id: string) =>
          chat.muteUser({ by: "admin", room_id, user_id, muted: true }, signal());
        await expect(mute(empty, user)).rejects.toMatchObject({ code: "not_found", field: "user_id" });
        await expect(mute(world.unknown.room, user)).rejects.toMatchObject({
          code: "not_found",
          field: "room_id",
        });
        await expect(mute(empty, world.agent)).rejects.toMatchObject({ code: "forbidden", field: "user_id" });
      });
    });

    describe("banning", () => {
      let user: string;
      beforeAll(async () => {
        user = await world.newUser();
      });

      it("keeps a user out until the ban is lifted", async () => {
        const room = await world.newRoom("Ban", [user]);
        const { ban } = await chat.banUser(
          { by: "admin", room_id: room, user_id: user, reason: "Rude" },
          signal(),
        );
        expect(ban).toMatchObject({ room_id: room, user_id: user, banned_by: world.agent, reason: "Rude" });
        expect(banSchema.safeParse(ban).error).toBeUndefined();
        expect(await world.trySay(user, room)).toBe(false);
        // The ban has made them no member, whom one could mute.
        for (const muted of [true, false])
          await expect(
            chat.muteUser({ by: "admin", room_id: room, user_id: user, muted }, signal()),
          ).rejects.toMatchObject({ code: "not_found", field: "user_id" });
        await chat.unbanUser({ room_id: room, user_id: user }, signal());
        await expect(chat.unbanUser({ room_id: room, user_id: user }, signal())).rejects.toMatchObject({
          code: "not_found",
          field: "user_id",
        });
      });

      it("with an end returns it, and is refused with that end if the user is banned again", async () => {
        const room = await world.newRoom("Ban until", [user]);
        const expires_at = inAMinute();
        const { ban } = await chat.banUser(
          { by: "admin", room_id: room, user_id: user, expires_at },
          signal(),
        );
        expect(Date.parse(ban.expires_at ?? "")).toBe(Date.parse(expires_at));
        await expect(
          chat.banUser({ by: "admin", room_id: room, user_id: user }, signal()),
        ).rejects.toMatchObject({
          code: "conflict",
          message: expect.stringContaining(expires_at.slice(0, 19)),
        });
      });

      it("until the last time that can be written ends when it is lifted, and fails no page", async () => {
        const room = await world.newRoom("Ban until the end", [user]);
        const last = "9999-12-31T23:59:59.999Z";
        const muted = await chat.muteUser(
          { by: "admin", room_id: room, user_id: user, muted: true, until: last },
          signal(),
        );
        expect(muted.muted_until).toMatch(/^9999-12-31T23:59:59/);
        await chat.listMembers({ room_id: room, ...all }, signal());
        await chat.muteUser({ by: "admin", room_id: room, user_id: user, muted: false }, signal());
        const { ban } = await chat.banUser(
          { by: "admin", room_id: room, user_id: user, expires_at: last },
          signal(),
        );
        expect(ban.expires_at).toMatch(/^9999-12-31T23:59:59/);
        await chat.unbanUser({ room_id: room, user_id: user }, signal());
        expect(await world.trySay(user, room)).toBe(true);
      });

      it("by many calls at once is one ban, which is lifted once", async () => {
        const room = await world.newRoom("Ban race", [user]);
        const order = { by: "admin" as const, room_id: room, user_id: user };
        const outcomes = await Promise.allSettled(
          Array.from({ length: 5 }, () => chat.banUser({ ...order, expires_at: inAMinute() }, signal())),
        );
        for (const outcome of outcomes)
          expect(outcome).toMatchObject(
            outcome.status === "fulfilled"
              ? { value: { ban: { user_id: user } } }
              : { reason: { code: "conflict" } },
          );
        const banned = { room_id: room, status: "banned" as const, ...all };
        expect((await chat.listMembers(banned, signal())).items.map(({ user_id }) => user_id)).toEqual([
          user,
        ]);
        await chat.unbanUser({ room_id: room, user_id: user }, signal());
        expect((await chat.listMembers(banned, signal())).items).toEqual([]);
        expect(await world.trySay(user, room)).toBe(true);
      });

      it("an unknown user, in an unknown room, or the agent itself is refused with the name of the argument", async () => {
        const ban = (room_id: string, user_id: string) =>
          chat.banUser({ by: "admin", room_id, user_id }, signal());
        await expect(ban(empty, world.unknown.user)).rejects.toMatchObject({
          code: "not_found",
          field: "user_id",
        });
        await expect(ban(world.unknown.room, user)).rejects.toMatchObject({
          code: "not_found",
          field: "room_id",
        });
        await expect(ban(empty, world.agent)).rejects.toMatchObject({ code: "forbidden", field: "user_id" });
      });
    });

    describe("a part of time", () => {
      const pause = () => new Promise((resolve) => setTimeout(resolve, 20));
      let user: string;
      beforeAll(async () => {
        user = await world.newUser();
      });

      it("is read from its beginning or its end, in pages", async () => {
        const room = await world.newRoom("Period", [user]);
        await world.say(user, room, "before");
        await pause();
        const since = new Date().toISOString();
        await pause();
        for (const content of ["one", "two", "three"]) await world.say(user, room, content);
        await pause();
        const until = new Date().toISOString();
        await pause();
        await world.say(user, room, "after");
        const read = async (order: "newest" | "oldest", period: { since?: string; until?: string }) => {
          const seen: string[] = [];
          let cursor: string | undefined;
          do {
            const page = await chat.getMessages(
              { room_id: room, order, ...period, limit: 2, cursor },
              signal(),
            );
            seen.push(...page.items.map(({ content }) => content));
            cursor = page.next_cursor;
          } while (cursor !== undefined);
          return seen;
        };
        expect(await read("newest", { since, until })).toEqual(["three", "two", "one"]);
        expect(await read("oldest", { since, until })).toEqual(["one", "two", "three"]);
        expect(await read("oldest", { since })).toEqual(["one", "two", "three", "after"]);
        expect(await read("newest", { until })).toEqual(["three", "two", "one", "before"]);
        expect(await read("oldest", {})).toEqual(["before", "one", "two", "three", "after"]);
        expect(await read("newest", { since: "2999-01-01T00:00:00.000Z" })).toEqual([]);
        expect(await read("oldest", { until: "1999-01-01T00:00:00.000Z" })).toEqual([]);
      });

      it("around a message is what was said before and after it, and can be read on", async () => {
        const room = await world.newRoom("Around", [user]);
        const ids: string[] = [];
        for (let n = 1; n <= 7; n++) ids.push(await world.say(user, room, String(n)));
        const query = { room_id: room, around: String(ids[3]), limit: 3 };
        const page = await chat.getMessages(query, signal());
        expect(page.items.map(({ content }) => content)).toEqual(["5", "4", "3"]);
        const next = await chat.getMessages({ ...query, cursor: page.next_cursor }, signal());
        expect(next.items.map(({ content }) => content)).toEqual(["2", "1"]);
        const oldest = await chat.getMessages({ ...query, order: "oldest" }, signal());
        expect(oldest.items.map(({ content }) => content)).toEqual(["3", "4", "5"]);
        await expect(
          chat.getMessages({ ...query, around: world.unknown.message }, signal()),
        ).rejects.toMatchObject({ code: "not_found", field: "around" });
        await expect(chat.getMessages({ ...query, room_id: empty }, signal())).rejects.toMatchObject({
          code: "not_found",
          field: "around",
        });
      });

      it("of a search is searched only, and ends its pages", async () => {
        const room = await world.newRoom("Found in time", [user]);
        const word = `ibex${key().slice(0, 8)}`;
        await world.say(user, room, `${word} early`);
        await pause();
        const since = new Date().toISOString();
        await pause();
        await world.say(user, room, `${word} late`);
        const find = async (filter: object) =>
          (await chat.searchMessages({ query: word, room_id: room, ...filter, ...all }, signal())).items.map(
            (m) => m.content,
          );
        expect(await find({ since })).toEqual([`${word} late`]);
        expect(await find({ until: since })).toEqual([`${word} early`]);
      });
    });

    describe("a sender", () => {
      it("is searched without a query, in all rooms or one, in pages", async () => {
        const [ann, ben] = [await world.newUser(), await world.newUser()];
        const [one, two] = [await world.newRoom("By 1", [ann, ben]), await world.newRoom("By 2", [ann])];
        for (const [who, room, content] of [
          [ann, one, "a1"],
          [ben, one, "b1"],
          [ann, two, "a2"],
          [ann, one, "a3"],
        ] as const)
          await world.say(who, room, content);
        const find = async (filter: object, limit: number) => {
          const seen: string[] = [];
          let cursor: string | undefined;
          do {
            const page = await chat.searchMessages({ user_id: ann, ...filter, limit, cursor }, signal());
            seen.push(...page.items.map(({ content }) => content));
            cursor = page.next_cursor;
          } while (cursor !== undefined);
          return seen;
        };
        expect(await find({}, 2)).toEqual(["a3", "a2", "a1"]);
        expect(await find({ room_id: one }, 50)).toEqual(["a3", "a1"]);
      });

      it("who is unknown is refused, with a query and without", async () => {
        for (const query of [undefined, "zebra"])
          await expect(
            chat.searchMessages({ query, user_id: world.unknown.user, ...all }, signal()),
          ).rejects.toMatchObject({ code: "not_found", field: "user_id" });
      });
    });

    describe("words", () => {
      let user: string;
      beforeAll(async () => {
        user = await world.newUser();
      });

      it("are found without accents, in addresses, in scripts without spaces, and emoji", async () => {
        const room = await world.newRoom("Words", [user]);
        const texts = {
          address: "See https://spam.example.com/win?prize=1 now",
          accents: "Das Café in Zürich",
          japanese: "東京タワーに行きました",
          capital: "東京と京都",
          thai: "สวัสดีครับทุกคน",
          arabic: "قال مُحَمَّد أحمد",
          hebrew: "שָׁלוֹם לכולם",
          greek: "Οδός ΟΔΟΣ",
          invisible: "free cry\u200bpto",
          emoji: "Party 🎉👍🏽 tonight",
          astronaut: "👩🏽\u200d🚀 launch",
          english: "running lights over the lake",
        };
        for (const text of Object.values(texts)) await world.say(user, room, text);
        const find = async (query: string) =>
          (await chat.searchMessages({ query, room_id: room, ...all }, signal())).items.map((m) => m.content);
        const expected: [string, (keyof typeof texts)[]][] = [
          ["https://spam.example.com/win?prize=1", ["address"]],
          ["example.com", ["address"]],
          ["spam", ["address"]],
          ["cafe", ["accents"]],
          ["cafe\u0301", ["accents"]],
          ["Café", ["accents"]],
          ["Zurich", ["accents"]],
          ["東京", ["capital", "japanese"]],
          ["京", ["capital", "japanese"]],
          ["東京と", ["capital"]],
          // Its pairs of characters are there, but not the word.
          ["東京都", []],
          ["ครับ", ["thai"]],
          ["محمد", ["arabic"]],
          ["احمد", ["arabic"]],
          ["שלום", ["hebrew"]],
          ["οδος", ["greek"]],
          ["crypto", ["invisible"]],
          ["👩\u200d🚀", ["astronaut"]],
          ["🚀", ["astronaut"]],
          ["タワー", ["japanese"]],
          ["🎉", ["emoji"]],
          ["👍", ["emoji"]],
          ["run lake", ["english"]],
          ['"over the lake"', ["english"]],
          ["lake or cafe", ["english", "accents"]],
          ["light -lake", []],
          ["spam -zebra", ["address"]],
          ["zebra", []],
        ];
        for (const [query, found] of expected)
          expect([query, await find(query)]).toEqual([query, found.map((name) => texts[name])]);
      });

      it("in other forms stand in their place, on each page", async () => {
        const room = await world.newRoom("Forms", [user]);
        const texts = ["flies", "fly 1", "flying", "fly 2", "fly 3", "flies too", "fly 4"];
        for (const text of texts) await world.say(user, room, text);
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await chat.searchMessages({ query: "fly", room_id: room, limit: 2, cursor }, signal());
          seen.push(...page.items.map(({ content }) => content));
          cursor = page.next_cursor;
        } while (cursor !== undefined);
        expect(seen).toEqual(texts.reverse());
      });

      it.each(["the", "-zzz", "the of", "?!"])("that cannot be searched give a hint: %s", async (query) => {
        const found = await chat.searchMessages({ query, ...all }, signal());
        expect(found).toMatchObject({
          items: [],
          hint: expect.stringContaining("nothing that can be searched"),
        });
      });
    });

    it("a cursor goes on with another page size, and after the message that it names was deleted", async () => {
      const user = await world.newUser();
      const room = await world.newRoom("Cursors", [user]);
      const word = `lynx${key().slice(0, 8)}`;
      const ids: string[] = [];
      for (let n = 1; n <= 6; n++) ids.push(await world.say(user, room, `${word} ${n}`));
      const own = { room_id: room, limit: 2 };
      const read = (page: object) => chat.getMessages({ ...own, ...page }, signal());
      const find = (page: object) => chat.searchMessages({ query: word, ...own, ...page }, signal());
      const listed = (page: object) => chat.searchMessages({ user_id: user, ...own, ...page }, signal());
      const firsts = [await read({}), await find({}), await listed({})];
      for (const { items } of firsts) expect(items.map(({ id }) => id)).toEqual([ids[5], ids[4]]);
      await chat.deleteMessage({ message_id: String(ids[4]) }, signal());
      const [cursor, foundCursor, listedCursor] = firsts.map(({ next_cursor }) => next_cursor);
      for (const { items, next_cursor } of [
        await read({ cursor, limit: 3 }),
        await find({ cursor: foundCursor, limit: 3 }),
        await listed({ cursor: listedCursor, limit: 3 }),
      ]) {
        expect(items.map(({ id }) => id)).toEqual([ids[3], ids[2], ids[1]]);
        expect(next_cursor).toBeDefined();
      }
      await expect(read({ around: String(ids[4]) })).rejects.toMatchObject({
        code: "not_found",
        field: "around",
      });
      const around = await read({ around: String(ids[3]), limit: 4 });
      expect(around.items.map(({ id }) => id)).toEqual([ids[5], ids[3], ids[2]]);
    });

    it("a cursor of another tool or question is refused with the name of the argument", async () => {
      const user = await world.newUser();
      const room = await world.newRoom("Cursor", [user]);
      for (const content of ["cursor", "words"]) await world.say(user, room, content);
      const { next_cursor: cursor } = await chat.getMessages({ room_id: room, limit: 1 }, signal());
      expect(cursor).toBeDefined();
      for (const call of [
        () => chat.getMessages({ room_id: empty, limit: 1, cursor }, signal()),
        () => chat.getMessages({ room_id: room, order: "oldest", limit: 1, cursor }, signal()),
        () => chat.listMembers({ room_id: room, limit: 1, cursor }, signal()),
        () => chat.searchMessages({ query: "cursor", limit: 1, cursor }, signal()),
      ])
        await expect(call()).rejects.toMatchObject({ code: "invalid_argument", field: "cursor" });
    });

    describe("people", () => {
      let ann: string;
      let ben: string;
      beforeAll(async () => {
        [ann, ben] = [await world.newUser(), await world.newUser("Zoë Đặng_İnce 東京")];
      });

      it("are found by a part of their name, with or without accents", async () => {
        const room = await world.newRoom("Names", [ann, ben]);
        const named = async (name: string, status?: "member" | "banned") =>
          (await chat.listMembers({ room_id: room, name, status, ...all }, signal())).items.map(
            (m) => m.user_id,
          );
        const part = ann.replace(/^@/, "").split(":")[0]?.slice(1, 30) ?? "";
        expect(await named(part)).toEqual([ann]);
        expect(await named(part.toUpperCase())).toEqual([ann]);
        for (const spelling of ["zoe", "Zoë", "ZOE\u0308", "dang", "đặng_", "ince", "京"])
          expect([spelling, await named(spelling)]).toEqual([spelling, [ben]]);
        for (const nobody of ["%", "z_e", "\\", "\u0301"])
          expect([nobody, await named(nobody)]).toEqual([nobody, []]);
        await chat.banUser({ by: "admin", room_id: room, user_id: ann }, signal());
        expect(await named(part)).toEqual([]);
        expect(await named(part, "banned")).toEqual([ann]);
        await chat.banUser({ by: "admin", room_id: room, user_id: ben }, signal());
        expect(await named("dang", "banned")).toEqual([ben]);
        const banned = { room_id: room, status: "banned" as const, ...all };
        expect((await chat.listMembers(banned, signal())).items).toMatchObject([
          { user_id: ann, display_name: expect.any(String) },
          { user_id: ben, display_name: "Zoë Đặng_İnce 東京" },
        ]);
      });

      it("who are banned are listed with their ban, and not as members", async () => {
        const room = await world.newRoom("Banned", [ann, ben]);
        const expires_at = inAMinute();
        await chat.banUser(
          { by: "admin", room_id: room, user_id: ann, reason: "Spam", expires_at },
          signal(),
        );
        await chat.banUser({ by: "admin", room_id: room, user_id: ben }, signal());
        const listed = (status: "member" | "banned") =>
          chat.listMembers({ room_id: room, status, ...all }, signal());
        expect((await listed("member")).items.map(({ user_id }) => user_id).sort()).toEqual(
          [...world.inEveryRoom].sort(),
        );
        const { items } = await listed("banned");
        expect(items).toMatchObject([
          { user_id: ann, ban: { banned_by: world.agent, reason: "Spam" } },
          { user_id: ben, ban: { user_id: ben } },
        ]);
        expect(Date.parse(items[0]?.ban?.expires_at ?? "")).toBe(Date.parse(expires_at));
        for (const member of items) expect(memberSchema.safeParse(member).error).toBeUndefined();
        await chat.unbanUser({ room_id: room, user_id: ann }, signal());
        expect((await listed("banned")).items.map(({ user_id }) => user_id)).toEqual([ben]);
      });
    });

    describe("who may do what", () => {
      it("is decided by the roles in the room: nobody mutes or bans somebody of an equal or higher role", async () => {
        const [user, support, admin] = [await world.newUser(), await world.newUser(), await world.newUser()];
        const room = await world.newRoom("Roles", [user, support, admin]);
        await world.setRole(support, room, "support");
        await world.setRole(admin, room, "admin");
        const refused = { code: "forbidden", field: "user_id" };
        const ban = (user_id: string, by: "support" | "admin") =>
          chat.banUser({ by, room_id: room, user_id }, signal());
        const mute = (user_id: string, by: "support" | "admin") =>
          chat.muteUser({ by, room_id: room, user_id, muted: true }, signal());
        for (const act of [ban, mute]) {
          await expect(act(admin, "admin")).rejects.toMatchObject(refused);
          await expect(act(admin, "support")).rejects.toMatchObject(refused);
          await expect(act(support, "support")).rejects.toMatchObject(refused);
        }
        expect(await world.trySay(admin, room)).toBe(true);
        await mute(support, "admin");
        await ban(user, "support");
        expect(await world.trySay(user, room)).toBe(false);
      });

      it("does not reach into a room that the agent is not in", async () => {
        const user = await world.newUser();
        const calls = [
          () => chat.banUser({ by: "admin", room_id: foreign, user_id: user }, signal()),
          () => chat.unbanUser({ room_id: foreign, user_id: user }, signal()),
          () => chat.muteUser({ by: "admin", room_id: foreign, user_id: user, muted: true }, signal()),
          () => chat.listMembers({ room_id: foreign, status: "banned", ...all }, signal()),
          () => chat.searchMessages({ user_id: user, room_id: foreign, ...all }, signal()),
        ];
        for (const call of calls)
          await expect(call()).rejects.toMatchObject({
            code: expect.stringMatching(/forbidden|not_found/),
            field: "room_id",
          });
        const id = await world.sayInForeign(foreign, "out of reach");
        await expect(chat.deleteMessage({ message_id: id }, signal())).rejects.toMatchObject({
          code: "not_found",
          field: "message_id",
        });
      });
    });

    it("a ban removes what the user wrote since a time, and says how much; again it goes on", async () => {
      const [spammer, other] = [await world.newUser(), await world.newUser()];
      const room = await world.newRoom("Spam", [spammer, other]);
      await world.say(spammer, room, "hello");
      await new Promise((resolve) => setTimeout(resolve, 20));
      const since = new Date().toISOString();
      await new Promise((resolve) => setTimeout(resolve, 20));
      for (let n = 0; n < 5; n++) await world.say(spammer, room, `spam ${n}`);
      await world.say(other, room, "please stop");
      const order = { by: "support" as const, room_id: room, user_id: spammer, delete_messages_since: since };
      const first = await chat.banUser(order, signal());
      expect(first).toMatchObject({ ban: { user_id: spammer }, deleted_messages: 5 });
      expect(await contents(room)).toEqual(["please stop", "hello"]);
      const again = await chat.banUser(order, signal());
      expect(again).toMatchObject({ ban: { id: first.ban.id }, deleted_messages: 0 });
      await expect(
        chat.banUser({ by: "support", room_id: room, user_id: spammer }, signal()),
      ).rejects.toMatchObject({ code: "conflict" });
    });

    it("a page ends early where its text would be too long, and goes on", async () => {
      const user = await world.newUser();
      const room = await world.newRoom("Long page", [user]);
      for (let n = 0; n < 17; n++) await world.say(user, room, `${n} ${"x".repeat(3900)}`);
      const seen: string[] = [];
      let cursor: string | undefined;
      let pages = 0;
      do {
        const page = await chat.getMessages({ room_id: room, ...all, cursor }, signal());
        const bytes = Buffer.byteLength(messageLines(page.items, false, page.next_cursor));
        expect(bytes).toBeLessThan(62_000);
        seen.push(...page.items.map(({ content }) => String(Number.parseInt(content, 10))));
        cursor = page.next_cursor;
        pages += 1;
      } while (cursor !== undefined);
      expect(pages).toBe(2);
      expect(seen).toEqual(Array.from({ length: 17 }, (_, n) => String(16 - n)));
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
