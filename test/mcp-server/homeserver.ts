import { randomBytes, randomUUID } from "node:crypto";
import { expect } from "@jest/globals";
import * as z from "zod";
import type { SynapseOptions } from "../../mcp-server/backends/synapse.ts";
import { ensureBot } from "../../mcp-server/bootstrap/accounts.ts";
import { powerLevels } from "../../mcp-server/bootstrap/rooms.ts";
import type { Credentials } from "../../shared/matrix.ts";
import { matrixClient } from "../../shared/matrix-client.ts";
import { startInternet } from "../../tools/servers/internet.ts";
import { type PostgresServer, startPostgres } from "../../tools/servers/postgres.ts";
import { deploySynapse, exampleProps, type Synapse } from "../../tools/servers/synapse.ts";
import { type Account, account, matrix, type Reply, register, send } from "../matrix.ts";
import type { ContractWorld } from "./contract.ts";

const { serverName } = exampleProps;
const clients = "/_matrix/client/v3";

/** A homeserver with the accounts that bootstrap makes: what the contract asks of a world, on the real Synapse. */
export interface Homeserver {
  readonly postgres: PostgresServer;
  synapse(): Synapse;
  readonly serverName: string;
  readonly admin: Account;
  readonly bot: Credentials;
  /** For a backend on this homeserver. */
  readonly options: SynapseOptions;
  readonly world: Omit<ContractWorld, "backend">;
  /** The account of a user whom the world made, signed in. */
  accountOf(userId: string): Promise<Account>;
  as(who: Account, method: string, path: string, body?: unknown): Promise<Reply>;
  /** A path below a room. */
  inRoom(room: string, rest: string): string;
  createRoom(body: object, members?: readonly string[]): Promise<string>;
  /** Another container on the same database, after the one before has stopped. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Limits that tests don't reach unless they want to. */
const often = { per_second: 1000, burst_count: 1000 };
const limits = {
  rc_message: often,
  rc_room_creation: often,
  rc_login: { address: often, account: often, failed_attempts: often },
  rc_joins: { local: often, remote: often },
};

export async function startHomeserver(): Promise<Homeserver> {
  const titles = new Map<string, string>();
  const internet = await startInternet({
    "thephenom.app": (request, response) => {
      const title = titles.get(request.url ?? "");
      if (title === undefined) response.writeHead(404).end("Not found");
      else
        response
          .writeHead(200, { "content-type": "text/html; charset=utf-8" })
          .end(
            `<html><head><meta property="og:title" content="${title}"></head><body>${title}</body></html>`,
          );
    },
  });
  const postgres = await startPostgres();
  const deployment = await deploySynapse(postgres);
  const start = () =>
    deployment.start({
      config: (known) => ({ ...known, ...limits }),
      environment: internet.environment,
    });
  let synapse = await start();

  const admin = account(
    await register(synapse.url, deployment.secrets.SYNAPSE_REGISTRATION_SHARED_SECRET, {
      username: "phenom-admin",
      password: randomBytes(20).toString("hex"),
      admin: true,
    }),
  );
  const bot = { username: "phenom-mcp", password: randomBytes(20).toString("hex") };
  const quiet = { changed: () => {}, unchanged: () => {}, skipped: () => {}, refused: () => {} };
  const anonymous = matrixClient(synapse.url);
  await ensureBot(anonymous, anonymous.as(admin.accessToken), bot, serverName, quiet);
  const me = `@${bot.username}:${serverName}`;

  const as: Homeserver["as"] = (who, method, path, body) =>
    matrix(synapse.url, method, path, { token: who.accessToken, body });
  const ok = async (reply: Promise<Reply>) => {
    const { status, body } = await reply;
    expect(body).not.toHaveProperty("errcode");
    expect(status).toBeLessThan(300);
    return body;
  };
  const inRoom = (room: string, rest: string) => `${clients}/rooms/${encodeURIComponent(room)}/${rest}`;

  const signInAs = async (userId: string) => {
    const path = `/_synapse/admin/v1/users/${encodeURIComponent(userId)}/login`;
    const { access_token } = await ok(as(admin, "POST", path, {}));
    return { userId, accessToken: String(access_token) };
  };
  const accounts = new Map([[admin.userId, Promise.resolve(admin)]]);
  /** Many users never write, and need no session. */
  const accountOf = (userId: string) => {
    const signedIn = accounts.get(userId) ?? signInAs(userId);
    accounts.set(userId, signedIn);
    return signedIn;
  };
  const newUser = async (displayname = "User") => {
    const userId = `@user-${randomUUID()}:${serverName}`;
    await ok(as(admin, "PUT", `/_synapse/admin/v2/users/${encodeURIComponent(userId)}`, { displayname }));
    return userId;
  };
  const make: Homeserver["createRoom"] = async (body, members = []) => {
    const { room_id } = await ok(
      as(admin, "POST", `${clients}/createRoom`, {
        preset: "public_chat",
        power_level_content_override: powerLevels(
          {},
          { admin: admin.userId, mcp: me },
          // As of the version that Synapse makes rooms of by itself.
          new Set("room_version" in body ? [] : [admin.userId]),
        ),
        ...body,
      }),
    );
    const room = z.string().parse(room_id);
    for (const member of members)
      await ok(as(admin, "POST", `/_synapse/admin/v1/join/${encodeURIComponent(room)}`, { user_id: member }));
    return room;
  };
  const say = async (userId: string, room: string, text: string) => {
    const { status, body } = await send(synapse.url, await accountOf(userId), room, text);
    expect(status).toBe(200);
    return z.string().parse(body["event_id"]);
  };

  return {
    postgres,
    synapse: () => synapse,
    serverName,
    admin,
    bot,
    options: {
      url: synapse.url,
      serverName,
      bot,
      contentUrlTemplate: exampleProps.contentUrlTemplate,
    },
    accountOf,
    as,
    inRoom,
    createRoom: make,
    async restart() {
      synapse = await start();
    },
    async stop() {
      await synapse.stop();
      await deployment.remove();
      await postgres.stop();
      await internet.stop();
    },
    world: {
      agent: me,
      newUser,
      // Its creator stays.
      inEveryRoom: [me, admin.userId],
      newRoom: (name, members) => make({ name }, [me, ...members]),
      newForeignRoom: (name) => make({ name }),
      async newInactiveRoom(name) {
        const room = await make({ name }, [me]);
        await ok(
          as(admin, "PUT", inRoom(room, "state/m.room.tombstone"), {
            body: "This room is closed",
            replacement_room: await make({ name: `${name} again` }),
          }),
        );
        return room;
      },
      async setRole(userId, roomId, role) {
        const state = inRoom(roomId, "state/m.room.power_levels");
        const agent = await signInAs(me);
        const levels = z
          .looseObject({ users: z.record(z.string(), z.number()), ban: z.number() })
          .parse(await ok(as(agent, "GET", state)));
        const own = levels.users[me] ?? 0;
        const users = { ...levels.users, [userId]: role === "admin" ? own : levels.ban };
        await ok(as(agent, "PUT", state, { ...levels, users }));
      },
      say,
      sayInForeign: (roomId, content) => say(admin.userId, roomId, content),
      trySay: async (userId, room) =>
        (await send(synapse.url, await accountOf(userId), room, "May I?")).status === 200,
      async linkPreview(phenomId, title) {
        titles.set(`/phenom/${encodeURIComponent(phenomId)}`, title);
      },
      unknown: {
        room: `!${randomBytes(32).toString("base64url")}`,
        message: `$${randomBytes(32).toString("base64url")}`,
        user: `@nobody-${randomUUID()}:${serverName}`,
      },
    },
  };
}
