import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import * as z from "zod";
import { startCut } from "../../test/bootstrap/cut.ts";
import { alias, bootstrapHarness, clients, drawPassword, serverName } from "../../test/bootstrap/harness.ts";
import { changed, type Run, roomsOf } from "../../test/bootstrap/program.ts";
import { describeWithSynapse } from "../../test/describe-with-synapse.ts";
import { type Account, account, createRoom, matrix, register, send } from "../../test/matrix.ts";

describeWithSynapse("bootstrap", () => {
  const h = bootstrapHarness();
  const { fresh, gone, run, succeed, signIn, asAdmin, get, stateOf, state, joined, someone } = h;

  describe("on an empty homeserver", () => {
    let refused: Run;
    let first: Run;
    let rooms: ReturnType<typeof roomsOf>;
    let admin: Account;
    beforeAll(async () => {
      await fresh();
      refused = await run({ SYNAPSE_REGISTRATION_SHARED_SECRET: "very-wrong-secret" });
      first = await succeed();
      rooms = roomsOf(first);
      admin = await asAdmin();
    });
    afterAll(gone);

    it("ends with code 1 and the remedy, without the secret, if Synapse has another registration secret", () => {
      expect(refused.code).toBe(1);
      expect(refused.errors).toMatch(/^bootstrap: SYNAPSE_REGISTRATION_SHARED_SECRET = \*{4} is not the one/);
      expect(refused.errors).not.toContain("very-wrong-secret");
    });

    it("creates the rooms' owner and the MCP server's account, both server administrators", async () => {
      for (const name of ["phenom-admin", "phenom-mcp"]) {
        const user = await get(`/_synapse/admin/v2/users/@${name}:${serverName}`, admin);
        expect(user).toMatchObject({ admin: true, deactivated: false });
      }
    });

    it("reports what it changed and ends with the rooms' ids, to which their aliases lead", async () => {
      expect(changed(first).length).toBe(first.lines.length - 1);
      for (const [name, id] of Object.entries(rooms)) {
        const { body } = await matrix(
          h.synapse.url,
          "GET",
          `${clients}/directory/room/${encodeURIComponent(alias(name))}`,
        );
        expect(body["room_id"]).toBe(id);
      }
    });

    it.each([
      ["internal", "invite", "private"],
      ["partners", "invite", "private"],
      ["community", "public", "public"],
    ] as const)("makes %s a room with join rule %s that is %s in the directory, unencrypted, with its history for members", async (name, rule, visibility) => {
      const room = rooms[name];
      expect(await state(room, "m.room.join_rules", admin)).toEqual({ join_rule: rule });
      expect(await state(room, "m.room.history_visibility", admin)).toEqual({ history_visibility: "shared" });
      expect(await state(room, "m.room.guest_access", admin)).toEqual({ guest_access: "forbidden" });
      expect(await state(room, "m.room.canonical_alias", admin)).toEqual({ alias: alias(name) });
      expect((await state(room, "m.room.name", admin))["name"]).toBe(
        `Phenom ${name[0]?.toUpperCase()}${name.slice(1)}`,
      );
      expect((await state(room, "m.room.topic", admin))["topic"]).toEqual(expect.any(String));
      expect((await state(room, "m.room.encryption", admin))["errcode"]).toBe("M_NOT_FOUND");
      const listed = await get(`${clients}/directory/list/room/${encodeURIComponent(room)}`, admin);
      expect(listed).toEqual({ visibility });
    });

    it("lets the MCP server's account send, delete, mute and ban in all rooms, and not rename them", async () => {
      const bot = await signIn("phenom-mcp", h.passwords.bot);
      const troll = await someone(randomUUID());
      for (const room of Object.values(rooms)) {
        const path = `${clients}/rooms/${encodeURIComponent(room)}`;
        const as = (who: Account, method: string, end: string, body: unknown) =>
          matrix(h.synapse.url, method, `${path}/${end}`, { token: who.accessToken, body });
        expect(await joined(room, bot)).toContain(bot.userId);
        await matrix(h.synapse.url, "POST", `/_synapse/admin/v1/join/${encodeURIComponent(room)}`, {
          token: admin.accessToken,
          body: { user_id: troll.userId },
        });
        const { body: sent } = await send(h.synapse.url, troll, room, "rubbish");
        expect((await as(bot, "PUT", `redact/${sent["event_id"]}/${randomUUID()}`, {})).status).toBe(200);
        const levels = await state(room, "m.room.power_levels", bot);
        const users = z.record(z.string(), z.number()).parse(levels["users"]);
        const muted = { ...levels, users: { ...users, [troll.userId]: -1 } };
        expect((await as(bot, "PUT", "state/m.room.power_levels", muted)).status).toBe(200);
        expect((await send(h.synapse.url, troll, room, "more")).status).toBe(403);
        expect((await as(bot, "POST", "ban", { user_id: troll.userId })).status).toBe(200);
        for (const kind of ["ban", "mute"])
          expect((await as(bot, "PUT", `state/app.thephenom.chat.${kind}/somebody`, {})).status).toBe(200);
        expect((await as(bot, "PUT", "state/m.room.name", { name: "Mine" })).status).toBe(403);
      }
    });

    it("changes nothing when it runs again: no event, no session, no line", async () => {
      const snapshot = () => Promise.all(Object.values(rooms).map((room) => stateOf(room, admin)));
      const before = await snapshot();
      const again = await succeed();
      expect(changed(again)).toEqual([]);
      expect(roomsOf(again)).toEqual(rooms);
      expect(await snapshot()).toEqual(before);
      const { devices } = await get(`${clients}/devices`, admin);
      expect(JSON.stringify(devices)).not.toContain("BOOTSTRAP");
    });

    it("restores a changed room, and keeps mutes and moderators", async () => {
      const room = rooms.internal;
      const path = `${clients}/rooms/${encodeURIComponent(room)}`;
      const put = (end: string, body: unknown) =>
        matrix(h.synapse.url, "PUT", `${path}/state/${end}`, { token: admin.accessToken, body });
      const levels = await state(room, "m.room.power_levels", admin);
      const people = { [`@muted:${serverName}`]: -1, [`@moderator:${serverName}`]: 50 };
      await put("m.room.power_levels", { ...levels, ban: 0, users: people });
      await put("m.room.join_rules", { join_rule: "public" });
      await matrix(h.synapse.url, "PUT", `${clients}/directory/list/room/${encodeURIComponent(room)}`, {
        token: admin.accessToken,
        body: { visibility: "public" },
      });
      expect(changed(await succeed()).map((line) => line.split(": ").at(-1))).toEqual([
        "m.room.join_rules",
        "m.room.power_levels",
        "private in the room directory",
      ]);
      expect(await state(room, "m.room.power_levels", admin)).toMatchObject({
        ban: 50,
        users: { ...people, [`@phenom-mcp:${serverName}`]: 90 },
      });
    });

    const ours = [`@phenom-admin:${serverName}`, `@phenom-mcp:${serverName}`];
    const administrators = async () =>
      z
        .array(z.object({ name: z.string(), admin: z.union([z.boolean(), z.number()]) }))
        .parse((await get("/_synapse/admin/v2/users?deactivated=false", admin))["users"])
        .flatMap((user) => (user.admin ? [user.name] : []))
        .sort();

    it("sets both accounts' rotated passwords, and leaves no third administrator", async () => {
      h.passwords = { admin: drawPassword(), bot: drawPassword() };
      expect(changed(await succeed())).toEqual([
        `changed    account @phenom-admin:${serverName}: password set`,
        `changed    account @phenom-mcp:${serverName}: password and rights set`,
      ]);
      admin = await asAdmin();
      await signIn("phenom-mcp", h.passwords.bot);
      expect(await administrators()).toEqual(ours);
    });

    it("leaves no third administrator if it is interrupted while it sets the administrator's password", async () => {
      h.passwords = { ...h.passwords, admin: drawPassword() };
      // Sign-in, nonce, registration, nonce, registration, sign-in of the helper, whose work is cut.
      const cut = await startCut(h.synapse.url, 7);
      expect((await run({ SYNAPSE_URL: cut.url }, cut.reached)).code).not.toBe(0);
      await cut.stop();
      await succeed();
      admin = await asAdmin();
      expect(await administrators()).toEqual(ours);
    });

    it("takes over a room that one of our accounts created by hand", async () => {
      await matrix(
        h.synapse.url,
        "DELETE",
        `${clients}/directory/room/${encodeURIComponent(alias("partners"))}`,
        { token: admin.accessToken },
      );
      const other = account(
        await register(h.synapse.url, h.deployment.secrets.SYNAPSE_REGISTRATION_SHARED_SECRET, {
          ...{ username: "phenom-operator", password: drawPassword() },
        }),
      );
      const room = await createRoom(h.synapse.url, other, {
        room_alias_name: "partners",
        preset: "private_chat",
        room_version: "10",
      });
      const result = await succeed();
      expect(roomsOf(result).partners).toBe(room);
      expect(await state(room, "m.room.name", admin)).toMatchObject({ name: "Phenom Partners" });
      expect(changed(await succeed())).toEqual([]);
    });

    it("ends with code 1 and the remedy if a room is encrypted", async () => {
      const directory = `${clients}/directory/room/${encodeURIComponent(alias("community"))}`;
      const ofAlias = (method: string, body?: unknown) =>
        matrix(h.synapse.url, method, directory, { token: admin.accessToken, body });
      await ofAlias("DELETE");
      const content = { algorithm: "m.megolm.v1.aes-sha2" };
      await createRoom(h.synapse.url, admin, {
        room_alias_name: "community",
        initial_state: [{ type: "m.room.encryption", state_key: "", content }],
      });
      const { code, errors } = await run();
      await ofAlias("DELETE");
      await ofAlias("PUT", { room_id: rooms.community });
      expect(code).toBe(1);
      expect(errors).toContain("is encrypted, which cannot be undone");
    });
  });

  it("continues after repeated interruptions and rate limits, and creates nothing twice", async () => {
    await fresh({ rc_message: { per_second: 0.5, burst_count: 1 } });
    let [runs, limited] = [0, 0];
    let result: Run;
    do {
      runs += 1;
      const cut = await startCut(h.synapse.url, runs * 6);
      result = await run({ SYNAPSE_URL: cut.url }, cut.reached);
      limited += cut.limited();
      await cut.stop();
    } while (result.code !== 0);
    expect(runs).toBeGreaterThan(3);
    expect(limited).toBeGreaterThan(0);
    const { total_rooms } = await get("/_synapse/admin/v1/rooms", await asAdmin());
    expect(total_rooms).toBe(3);
    expect(changed(await succeed())).toEqual([]);
    await gone();
  });
});
