import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import * as z from "zod";
import { path } from "../../shared/matrix.ts";
import { describeWithSynapse } from "../../test/describe-with-synapse.ts";
import { eventually } from "../../test/jest/eventually.ts";
import { type Homeserver, startHomeserver } from "../../test/mcp-server/homeserver.ts";
import type { ChatBackend } from "../chat/backend.ts";
import { synapseBackend } from "./synapse.ts";

const signal = () => new AbortController().signal;
const inMilliseconds = (wait: number) => new Date(Date.now() + wait).toISOString();
const soon = { timeout: 20_000, interval: 100 };

describeWithSynapse("bans and mutes on Synapse", () => {
  let homeserver: Homeserver;
  let world: Homeserver["world"];
  /** Carries out nothing by itself. */
  let chat: ChatBackend;
  const sweeping = new Set<ChatBackend>();
  const done: unknown[] = [];
  const failures: unknown[] = [];
  beforeAll(async () => {
    homeserver = await startHomeserver();
    world = homeserver.world;
    chat = synapseBackend(homeserver.options);
  });
  afterEach(async () => {
    await Promise.all([...sweeping].map((each) => each.close()));
    sweeping.clear();
    done.length = 0;
    expect(failures.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await homeserver?.stop();
  });

  /** Another server, which looks at what has ended. */
  const startServer = () => {
    const server = synapseBackend({
      ...homeserver.options,
      sweep: { done: (what) => done.push(what), failed: (_, error) => failures.push(error) },
      sweepEveryMs: 500,
    });
    sweeping.add(server);
    return server;
  };
  const room = (members: readonly string[], body: object = {}) =>
    homeserver.createRoom({ name: "Room", ...body }, [world.agent, ...members]);
  const admin = (method: string, id: string, rest: string, body?: unknown) =>
    homeserver.as(homeserver.admin, method, homeserver.inRoom(id, rest), body);
  const levels = async (id: string) => (await admin("GET", id, "state/m.room.power_levels")).body;
  const ownLevel = async (id: string, user: string) =>
    z.record(z.string(), z.number()).parse((await levels(id))["users"])[user];
  const setLevel = async (id: string, user: string, level: number) => {
    const current = await levels(id);
    const users = z.record(z.string(), z.number()).parse(current["users"]);
    const body = { ...current, users: { ...users, [user]: level } };
    expect((await admin("PUT", id, "state/m.room.power_levels", body)).status).toBe(200);
  };
  const membership = async (id: string, user: string) =>
    (await admin("GET", id, path`state/m.room.member/${user}`)).body["membership"];
  const record = async (id: string, kind: "ban" | "mute", user: string) =>
    (await admin("GET", id, path`state/app.thephenom.chat.${kind}/${user.slice(1)}`)).body;
  const shown = async (id: string, user: string) =>
    (await chat.listMembers({ room_id: id, limit: 100 }, signal())).items.find(
      ({ user_id }) => user_id === user,
    );

  describe("end by themselves", () => {
    it("a ban, after which the user is a member again and may write, with one server or several", async () => {
      const user = await world.newUser();
      const id = await room([user], { preset: "private_chat" });
      startServer();
      startServer();
      const expires_at = inMilliseconds(1500);
      await chat.banUser({ by: "admin", room_id: id, user_id: user, expires_at }, signal());
      expect(await membership(id, user)).toBe("ban");
      await eventually(async () => expect(await membership(id, user)).toBe("join"), soon);
      expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expires_at));
      expect(await world.trySay(user, id)).toBe(true);
      await eventually(async () => expect(await record(id, "ban", user)).toEqual({}), soon);
    });

    it("a mute, after which a moderator has the former level", async () => {
      const user = await world.newUser();
      const id = await room([user]);
      await setLevel(id, user, 50);
      await chat.muteUser(
        { by: "admin", room_id: id, user_id: user, muted: true, until: inMilliseconds(1500) },
        signal(),
      );
      expect(await shown(id, user)).toMatchObject({ is_muted: true, role: "user" });
      expect(await world.trySay(user, id)).toBe(false);
      startServer();
      startServer();
      await eventually(async () => expect(await ownLevel(id, user)).toBe(50), soon);
      expect(await world.trySay(user, id)).toBe(true);
      await eventually(async () => expect(await record(id, "mute", user)).toEqual({}), soon);
      expect(await shown(id, user)).toMatchObject({ is_muted: false, role: "support" });
    });

    it("many mutes of one room with one change of its levels", async () => {
      const users = await Promise.all(Array.from({ length: 4 }, () => world.newUser()));
      const id = await room(users);
      const until = inMilliseconds(3000);
      for (const user_id of users)
        await chat.muteUser({ by: "admin", room_id: id, user_id, muted: true, until }, signal());
      const before = await changes(id);
      await eventually(() => expect(Date.now() > Date.parse(until)).toBe(true), soon);
      startServer();
      for (const user of users)
        await eventually(async () => expect(await record(id, "mute", user)).toEqual({}), soon);
      expect((await changes(id)) - before).toBe(1);
    });

    it("a mute, which is shown as ended even before the levels change", async () => {
      const user = await world.newUser();
      const id = await room([user]);
      const until = inMilliseconds(300);
      await chat.muteUser({ by: "admin", room_id: id, user_id: user, muted: true, until }, signal());
      await eventually(async () => expect((await shown(id, user))?.is_muted).toBe(false), soon);
      expect(await ownLevel(id, user)).toBe(-1);
    });
  });

  /** How often the room's power levels were changed. */
  const changes = async (id: string) => {
    const filter = encodeURIComponent(JSON.stringify({ types: ["m.room.power_levels"] }));
    const { body } = await admin("GET", id, `messages?dir=b&limit=100&filter=${filter}`);
    return z.array(z.unknown()).parse(body["chunk"]).length;
  };

  describe("are completed by another server if one stopped half-way:", () => {
    const store = async (id: string, kind: "ban" | "mute", user: string, body: object) => {
      const reply = await admin("PUT", id, path`state/app.thephenom.chat.${kind}/${user.slice(1)}`, body);
      expect(reply.status).toBe(200);
    };

    it("a ban that is only recorded", async () => {
      const user = await world.newUser();
      const id = await room([user]);
      await store(id, "ban", user, { until: null, rejoin: true, reason: "Spam" });
      startServer();
      await eventually(async () => expect(await membership(id, user)).toBe("ban"), soon);
      await eventually(() => expect(done).toContainEqual({ room: id, user, step: "ban" }), soon);
    });

    it("a ban after another one that cannot be carried out and is reported", async () => {
      const user = await world.newUser();
      const id = await room([user]);
      await store(id, "ban", homeserver.admin.userId, { until: null, rejoin: true });
      await store(id, "ban", user, { until: null, rejoin: true });
      startServer();
      await eventually(async () => expect(await membership(id, user)).toBe("ban"), soon);
      await eventually(() => expect(failures.length).toBeGreaterThan(0), soon);
      expect(await membership(id, homeserver.admin.userId)).toBe("join");
      await store(id, "ban", homeserver.admin.userId, {});
      await Promise.all([...sweeping].map((each) => each.close()));
      failures.length = 0;
    });

    it("a mute that is only recorded", async () => {
      const user = await world.newUser();
      const id = await room([user]);
      await store(id, "mute", user, { until: null, power: null });
      startServer();
      await eventually(async () => expect(await world.trySay(user, id)).toBe(false), soon);
      expect(await shown(id, user)).toMatchObject({ is_muted: true });
    });

    it("a mute that a simultaneous change of the levels overwrote", async () => {
      const [user, other] = [await world.newUser(), await world.newUser()];
      const id = await room([user, other]);
      const before = await levels(id);
      await setLevel(id, other, 25);
      await chat.muteUser({ by: "admin", room_id: id, user_id: user, muted: true }, signal());
      await setLevel(id, other, 50);
      // As written by who had read the levels before the mute, twice: the event replaced knows of no mute either.
      await admin("PUT", id, "state/m.room.power_levels", before);
      await admin("PUT", id, "state/m.room.power_levels", { ...before, users_default: 1 });
      startServer();
      await eventually(async () => expect(await world.trySay(user, id)).toBe(false), soon);
    });
  });

  describe("respect what moderators do by hand:", () => {
    it("a mute that was lifted in the room's settings stays lifted", async () => {
      const user = await world.newUser();
      const id = await room([user]);
      await chat.muteUser({ by: "admin", room_id: id, user_id: user, muted: true }, signal());
      await setLevel(id, user, 0);
      startServer();
      await eventually(async () => expect(await record(id, "mute", user)).toEqual({}), soon);
      expect(await world.trySay(user, id)).toBe(true);
    });

    it("a ban that was lifted by hand stays lifted, and one set by hand survives the end of ours", async () => {
      const users = await Promise.all([world.newUser(), world.newUser(), world.newUser()]);
      const [lifted = "", banned = "", witness = ""] = users;
      const id = await room(users);
      const until = inMilliseconds(2000);
      for (const user_id of [lifted, banned]) {
        await chat.banUser({ by: "admin", room_id: id, user_id, expires_at: until }, signal());
        expect((await admin("POST", id, "unban", { user_id })).status).toBe(200);
      }
      expect((await admin("POST", id, "ban", { user_id: banned, reason: "By hand" })).status).toBe(200);
      await chat.muteUser({ by: "admin", room_id: id, user_id: witness, muted: true, until }, signal());
      await eventually(() => expect(Date.now() > Date.parse(until)).toBe(true), soon);
      startServer();
      // Mutes come after bans in a round.
      await eventually(async () => expect(await world.trySay(witness, id)).toBe(true), soon);
      expect(await membership(id, lifted)).toBe("leave");
      expect(await membership(id, banned)).toBe("ban");
    });

    it("a ban and a mute set by hand are shown and can be lifted", async () => {
      const [banned, muted] = [await world.newUser(), await world.newUser()];
      const id = await room([banned, muted]);
      await admin("POST", id, "ban", { user_id: banned });
      await setLevel(id, muted, -5);
      expect(await shown(id, muted)).toMatchObject({ is_muted: true });
      await expect(
        chat.banUser({ by: "admin", room_id: id, user_id: banned }, signal()),
      ).rejects.toMatchObject({
        code: "conflict",
        message: expect.stringContaining("until further notice"),
      });
      await chat.unbanUser({ room_id: id, user_id: banned }, signal());
      expect(await membership(id, banned)).toBe("leave");
      const member = await chat.muteUser(
        { by: "admin", room_id: id, user_id: muted, muted: false },
        signal(),
      );
      expect(member).toMatchObject({ is_muted: false });
      expect(await world.trySay(muted, id)).toBe(true);
    });
  });

  it("lifting a ban lets the user back in at once, into a private room too", async () => {
    const user = await world.newUser();
    const id = await room([user], { preset: "private_chat" });
    await chat.banUser({ by: "admin", room_id: id, user_id: user }, signal());
    await chat.unbanUser({ room_id: id, user_id: user }, signal());
    expect(await membership(id, user)).toBe("join");
    expect(await record(id, "ban", user)).toEqual({});
  });

  it("a second mute changes the end and keeps the level before the first mute", async () => {
    const user = await world.newUser();
    const id = await room([user]);
    await setLevel(id, user, 50);
    const mute = (until?: string) =>
      chat.muteUser({ by: "admin", room_id: id, user_id: user, muted: true, until }, signal());
    await mute();
    const until = inMilliseconds(60_000);
    expect(await mute(until)).toMatchObject({ muted_until: until });
    await chat.muteUser({ by: "admin", room_id: id, user_id: user, muted: false }, signal());
    expect(await ownLevel(id, user)).toBe(50);
  });

  it("simultaneous mutes of several users all take effect", async () => {
    const users = await Promise.all(Array.from({ length: 5 }, () => world.newUser()));
    const id = await room(users);
    await Promise.all(
      users.map((user_id) => chat.muteUser({ by: "admin", room_id: id, user_id, muted: true }, signal())),
    );
    for (const user of users) expect(await world.trySay(user, id)).toBe(false);
  });

  it.each([
    ["in a room whose creator is above all levels", {}],
    ["in a room of an older version", { room_version: "10" }],
  ])("a user with as much power as the agent cannot be muted or banned: %s", async (_, body) => {
    const id = await room([], body);
    const owner = homeserver.admin.userId;
    const refused = {
      code: "forbidden",
      field: "user_id",
      message: expect.stringContaining("only somebody of a higher role can"),
    };
    await expect(
      chat.muteUser({ by: "admin", room_id: id, user_id: owner, muted: true }, signal()),
    ).rejects.toMatchObject(refused);
    await expect(chat.banUser({ by: "admin", room_id: id, user_id: owner }, signal())).rejects.toMatchObject(
      refused,
    );
    expect((await shown(id, owner))?.role).toBe("admin");
    expect(await record(id, "ban", owner)).toMatchObject({ errcode: "M_NOT_FOUND" });
  });

  it("an action without enough power in a room fails with the remedy", async () => {
    const user = await world.newUser();
    const id = await room([user], { power_level_content_override: {} });
    await expect(chat.banUser({ by: "admin", room_id: id, user_id: user }, signal())).rejects.toMatchObject({
      code: "forbidden",
    });
    expect(await membership(id, user)).toBe("join");
  });
});
