import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Account, account, createRoom, matrix, register, send } from "../../test/matrix.ts";
import { type PostgresServer, startPostgres } from "../../test/postgres.ts";
import {
  deploySynapse,
  describeWithSynapse,
  exampleProps,
  type Synapse,
  type SynapseDeployment,
} from "../../test/synapse.ts";
import { startCut } from "./testing/cut.ts";
import { bundleProgram, changed, type Program, type Run, roomsOf } from "./testing/program.ts";
import { startUserPool, type UserPool } from "./testing/user-pool.ts";

const { serverName } = exampleProps;
const clients = "/_matrix/client/v3";
const alias = (name: string) => `#${name}:${serverName}`;
const drawPassword = () => randomBytes(20).toString("hex");

describeWithSynapse("bootstrap", () => {
  let postgres: PostgresServer;
  let deployment: SynapseDeployment;
  let synapse: Synapse;
  let cognito: UserPool;
  let passwords = { admin: drawPassword(), bot: drawPassword() };
  let program: Program;

  beforeAll(async () => {
    program = await bundleProgram();
    cognito = await startUserPool();
    postgres = await startPostgres();
  });
  afterAll(async () => {
    await cognito?.stop();
    await postgres?.stop();
    await program?.remove();
  });

  /** A homeserver on an empty database. */
  const fresh = async (config: object = {}) => {
    passwords = { admin: drawPassword(), bot: drawPassword() };
    cognito.groups.clear();
    cognito.groups.set("internal", []).set("partners", []);
    deployment = await deploySynapse(postgres);
    const often = { per_second: 100, burst_count: 100 };
    synapse = await deployment.start({
      // The tests sign in more often than people do.
      config: (known) => ({
        ...known,
        rc_login: { address: often, account: often, failed_attempts: often },
        ...config,
      }),
    });
  };
  const gone = async () => {
    await synapse?.stop();
    await deployment?.remove();
  };

  const run = (changes: Record<string, string> = {}, end?: Promise<void>) =>
    program.run(
      {
        SYNAPSE_URL: synapse.url,
        SYNAPSE_SERVER_NAME: serverName,
        COGNITO_REGION: exampleProps.region,
        COGNITO_USER_POOL_ID: exampleProps.userPoolId,
        SYNAPSE_REGISTRATION_SHARED_SECRET: deployment.secrets.SYNAPSE_REGISTRATION_SHARED_SECRET,
        SYNAPSE_ADMIN_BOT_USERNAME: "phenom-admin",
        SYNAPSE_ADMIN_BOT_PASSWORD: passwords.admin,
        SYNAPSE_BOT_USERNAME: "phenom-mcp",
        SYNAPSE_BOT_PASSWORD: passwords.bot,
        AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: cognito.url,
        AWS_ACCESS_KEY_ID: "test",
        AWS_SECRET_ACCESS_KEY: "test",
        ...changes,
      },
      end,
    );
  const succeed = async (changes: Record<string, string> = {}) => {
    const result = await run(changes);
    expect(result.errors).toBe("");
    expect(result.code).toBe(0);
    return result;
  };

  const signIn = async (user: string, password: string) =>
    account(
      await matrix(synapse.url, "POST", `${clients}/login`, {
        body: { type: "m.login.password", identifier: { type: "m.id.user", user }, password },
      }),
    );
  const asAdmin = () => signIn("phenom-admin", passwords.admin);
  const get = async (path: string, { accessToken }: Account) =>
    (await matrix(synapse.url, "GET", path, { token: accessToken })).body;
  const stateOf = async (room: string, by: Account): Promise<unknown> => {
    const response = await fetch(`${synapse.url}${clients}/rooms/${encodeURIComponent(room)}/state`, {
      headers: { authorization: `Bearer ${by.accessToken}` },
    });
    return z.array(z.object({ event_id: z.string() })).parse(await response.json());
  };
  const state = async (room: string, type: string, by: Account) =>
    get(`${clients}/rooms/${encodeURIComponent(room)}/state/${type}`, by);
  const joined = async (room: string, by: Account) =>
    Object.keys(
      z
        .object({ joined: z.record(z.string(), z.unknown()) })
        .parse(await get(`${clients}/rooms/${encodeURIComponent(room)}/joined_members`, by)).joined,
    );

  /** Somebody with an account as the browser's sign-in makes one; by a token it would not say whose it is. */
  const someone = async (sub: string, localpart = `u-${randomUUID()}`, by = "browser"): Promise<Account> => {
    const password = drawPassword();
    const identity = { external_ids: [{ auth_provider: "oidc-cognito", external_id: sub }] };
    const path = `/_synapse/admin/v2/users/${encodeURIComponent(`@${localpart}:${serverName}`)}`;
    await matrix(synapse.url, "PUT", path, {
      token: (await asAdmin()).accessToken,
      body: { password, ...(by === "browser" && identity) },
    });
    return signIn(localpart, password);
  };

  describe("on an empty homeserver", () => {
    let first: Run;
    let rooms: ReturnType<typeof roomsOf>;
    let admin: Account;
    beforeAll(async () => {
      await fresh();
      first = await succeed();
      rooms = roomsOf(first);
      admin = await asAdmin();
    });
    afterAll(gone);

    test("makes the rooms' owner and the MCP server's account, both server administrators", async () => {
      for (const name of ["phenom-admin", "phenom-mcp"]) {
        const user = await get(`/_synapse/admin/v2/users/@${name}:${serverName}`, admin);
        expect(user).toMatchObject({ admin: true, deactivated: false });
      }
    });

    test("says what it changed and ends with the rooms' ids, which their aliases lead to", async () => {
      expect(changed(first).length).toBe(first.lines.length - 1);
      for (const [name, id] of Object.entries(rooms)) {
        const { body } = await matrix(
          synapse.url,
          "GET",
          `${clients}/directory/room/${encodeURIComponent(alias(name))}`,
        );
        expect(body["room_id"]).toBe(id);
      }
    });

    test.each([
      ["internal", "invite", "private"],
      ["partners", "invite", "private"],
      ["community", "public", "public"],
    ] as const)("makes %s a room to join by %s, listed as %s, not encrypted, its history for members", async (name, rule, visibility) => {
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

    test("lets the MCP server's account send, delete, mute and ban in all rooms, and not rename them", async () => {
      const bot = await signIn("phenom-mcp", passwords.bot);
      const troll = await someone(randomUUID());
      for (const room of Object.values(rooms)) {
        const path = `${clients}/rooms/${encodeURIComponent(room)}`;
        const as = (who: Account, method: string, end: string, body: unknown) =>
          matrix(synapse.url, method, `${path}/${end}`, { token: who.accessToken, body });
        expect(await joined(room, bot)).toContain(bot.userId);
        await matrix(synapse.url, "POST", `/_synapse/admin/v1/join/${encodeURIComponent(room)}`, {
          token: admin.accessToken,
          body: { user_id: troll.userId },
        });
        const { body: sent } = await send(synapse.url, troll, room, "rubbish");
        expect((await as(bot, "PUT", `redact/${sent["event_id"]}/${randomUUID()}`, {})).status).toBe(200);
        const levels = await state(room, "m.room.power_levels", bot);
        const users = z.record(z.string(), z.number()).parse(levels["users"]);
        const muted = { ...levels, users: { ...users, [troll.userId]: -1 } };
        expect((await as(bot, "PUT", "state/m.room.power_levels", muted)).status).toBe(200);
        expect((await send(synapse.url, troll, room, "more")).status).toBe(403);
        expect((await as(bot, "POST", "ban", { user_id: troll.userId })).status).toBe(200);
        for (const kind of ["ban", "mute"])
          expect((await as(bot, "PUT", `state/app.thephenom.chat.${kind}/somebody`, {})).status).toBe(200);
        expect((await as(bot, "PUT", "state/m.room.name", { name: "Mine" })).status).toBe(403);
      }
    });

    test("run again changes nothing: no event, no session, no line that says so", async () => {
      const snapshot = () => Promise.all(Object.values(rooms).map((room) => stateOf(room, admin)));
      const before = await snapshot();
      const again = await succeed();
      expect(changed(again)).toEqual([]);
      expect(roomsOf(again)).toEqual(rooms);
      expect(await snapshot()).toEqual(before);
      const { devices } = await get(`${clients}/devices`, admin);
      expect(JSON.stringify(devices)).not.toContain("BOOTSTRAP");
    });

    test("puts back what was changed in a room, and leaves who was muted or made moderator as they are", async () => {
      const room = rooms.internal;
      const path = `${clients}/rooms/${encodeURIComponent(room)}`;
      const put = (end: string, body: unknown) =>
        matrix(synapse.url, "PUT", `${path}/state/${end}`, { token: admin.accessToken, body });
      const levels = await state(room, "m.room.power_levels", admin);
      const people = { [`@muted:${serverName}`]: -1, [`@moderator:${serverName}`]: 50 };
      await put("m.room.power_levels", { ...levels, ban: 0, users: people });
      await put("m.room.join_rules", { join_rule: "public" });
      await matrix(synapse.url, "PUT", `${clients}/directory/list/room/${encodeURIComponent(room)}`, {
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

    test("sets both accounts' passwords again after they were drawn anew, and leaves no third administrator", async () => {
      passwords = { admin: drawPassword(), bot: drawPassword() };
      expect(changed(await succeed())).toEqual([
        `changed    account @phenom-admin:${serverName}: password set`,
        `changed    account @phenom-mcp:${serverName}: password and rights set`,
      ]);
      admin = await asAdmin();
      await signIn("phenom-mcp", passwords.bot);
      expect(await administrators()).toEqual(ours);
    });

    test("interrupted while it sets the administrator's password, still leaves no third administrator", async () => {
      passwords = { ...passwords, admin: drawPassword() };
      // Sign-in, nonce, registration, nonce, registration, sign-in of the helper, whose work is cut.
      const cut = await startCut(synapse.url, 7);
      expect((await run({ SYNAPSE_URL: cut.url }, cut.reached)).code).not.toBe(0);
      await cut.stop();
      await succeed();
      admin = await asAdmin();
      expect(await administrators()).toEqual(ours);
    });

    test("takes over a room that one of our accounts made by hand", async () => {
      await matrix(
        synapse.url,
        "DELETE",
        `${clients}/directory/room/${encodeURIComponent(alias("partners"))}`,
        { token: admin.accessToken },
      );
      const other = account(
        await register(synapse.url, deployment.secrets.SYNAPSE_REGISTRATION_SHARED_SECRET, {
          ...{ username: "phenom-operator", password: drawPassword() },
        }),
      );
      const room = await createRoom(synapse.url, other, {
        room_alias_name: "partners",
        preset: "private_chat",
        room_version: "10",
      });
      const result = await succeed();
      expect(roomsOf(result).partners).toBe(room);
      expect(await state(room, "m.room.name", admin)).toMatchObject({ name: "Phenom Partners" });
      expect(changed(await succeed())).toEqual([]);
    });
  });

  describe("with people in the Cognito groups", () => {
    beforeAll(() => fresh());
    afterAll(gone);

    test("joins those who have signed in to their room, over several pages, and nobody to another", async () => {
      const people = Array.from({ length: 5 }, () => ({ sub: randomUUID() }));
      cognito.groups.set("internal", people).set("partners", people.slice(0, 1));
      const first = await succeed();
      const waiting = first.lines.filter((line) => line.includes("has not signed in yet"));
      expect(waiting).toHaveLength(6);

      const accounts = await Promise.all(people.map(({ sub }) => someone(sub)));
      const rooms = roomsOf(await succeed());
      const admin = await asAdmin();
      const ours = [`@phenom-admin:${serverName}`, `@phenom-mcp:${serverName}`];
      expect((await joined(rooms.internal, admin)).sort()).toEqual(
        [...ours, ...accounts.map(({ userId }) => userId)].sort(),
      );
      expect((await joined(rooms.partners, admin)).sort()).toEqual([...ours, accounts[0]?.userId].sort());
      expect(changed(await succeed())).toEqual([]);
    });

    test("joins who signed in with a Cognito token only, not who is merely named like them", async () => {
      const [byToken, victim] = [randomUUID(), randomUUID()];
      cognito.groups.set("internal", [{ sub: byToken }, { sub: victim }]).set("partners", []);
      const person = await someone(byToken, byToken, "token");
      const mallory = await someone(randomUUID(), victim);
      const rooms = roomsOf(await succeed());
      const members = await joined(rooms.internal, await asAdmin());
      expect(members).toContain(person.userId);
      expect(members).not.toContain(mallory.userId);
    });

    test("keeps out who is banned or disabled in Cognito, and goes on with the others", async () => {
      const [banned, disabled, fine] = [randomUUID(), randomUUID(), randomUUID()];
      const [out, off, welcome] = [await someone(banned), await someone(disabled), await someone(fine)];
      const rooms = roomsOf(await succeed());
      const admin = await asAdmin();
      await matrix(synapse.url, "POST", `${clients}/rooms/${encodeURIComponent(rooms.partners)}/ban`, {
        token: admin.accessToken,
        body: { user_id: out.userId },
      });
      cognito.groups.set("partners", [{ sub: banned }, { sub: disabled, enabled: false }, { sub: fine }]);
      const { lines } = await succeed();
      expect(lines).toContain(`left out   ${alias("partners")}: ${out.userId} is banned`);
      expect(lines).toContain(`left out   ${alias("partners")}: ${disabled} is disabled in Cognito`);
      const members = await joined(rooms.partners, admin);
      expect(members).toContain(welcome.userId);
      expect(members).not.toContain(off.userId);
    });

    test("says which group the user pool lacks", async () => {
      cognito.groups.delete("partners");
      const { lines } = await succeed();
      expect(lines.join("\n")).toContain("the user pool has no group partners; make it and run this again");
    });
  });

  test("interrupted again and again, and limited in its rate, goes on at the next run and makes nothing twice", async () => {
    await fresh({ rc_message: { per_second: 0.5, burst_count: 1 } });
    let [runs, limited] = [0, 0];
    let result: Run;
    do {
      runs += 1;
      const cut = await startCut(synapse.url, runs * 6);
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

  describe("refused", () => {
    beforeAll(() => fresh());
    afterAll(gone);

    test("because of another registration secret ends with code 1 and the remedy, without the secret", async () => {
      const { code, errors } = await run({ SYNAPSE_REGISTRATION_SHARED_SECRET: "very-wrong-secret" });
      expect(code).toBe(1);
      expect(errors).toMatch(/^bootstrap: SYNAPSE_REGISTRATION_SHARED_SECRET = \*{4} is not the one/);
      expect(errors).not.toContain("very-wrong-secret");
    });

    test("because of an encrypted room says that it needs another", async () => {
      await succeed();
      const admin = await asAdmin();
      const { room_id } = await get(
        `${clients}/directory/room/${encodeURIComponent(alias("internal"))}`,
        admin,
      );
      await matrix(
        synapse.url,
        "PUT",
        `${clients}/rooms/${encodeURIComponent(String(room_id))}/state/m.room.encryption`,
        { token: admin.accessToken, body: { algorithm: "m.megolm.v1.aes-sha2" } },
      );
      const { code, errors } = await run();
      expect(code).toBe(1);
      expect(errors).toContain("is encrypted, which can't be undone");
    });
  });
});
