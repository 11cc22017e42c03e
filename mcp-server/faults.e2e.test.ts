import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import * as z from "zod";
import { describeWithSynapse } from "../test/describe-with-synapse.ts";
import { eventually } from "../test/jest/eventually.ts";
import type { ContractWorld } from "../test/mcp-server/contract.ts";
import { AGENT, type ChatDatabase, databaseUrl, startChatDatabase } from "../test/mcp-server/database.ts";
import { type Homeserver, startHomeserver } from "../test/mcp-server/homeserver.ts";
import { bundleServer, type Program } from "../test/mcp-server/program.ts";
import { startProxy, type Way } from "../test/mcp-server/proxy.ts";
import { startSignIn } from "../test/mcp-server/sign-in.ts";
import { type HasuraServer, startHasuraServer } from "../tools/servers/hasura.ts";
import { postgresBackend } from "./backends/postgres.ts";
import { synapseBackend } from "./backends/synapse.ts";
import type { ChatBackend } from "./chat/backend.ts";
import { ChatError } from "./chat/error.ts";
import { limits } from "./limits.ts";

type World = Omit<ContractWorld, "backend">;
const signal = () => new AbortController().signal;
const key = () => randomBytes(32).toString("hex");

let program: Program;
beforeAll(async () => {
  program = await bundleServer();
});
afterEach(() => program.end());
afterAll(() => program?.remove());

const sentSchema = z.object({ message: z.looseObject({ id: z.string() }) });

interface Killing {
  readonly world: World;
  /** The backend's own port. */
  readonly port: number;
  /** The server's variables, with the backend behind this port. */
  variables(port: number): Record<string, string>;
  /** What no request holds but one that sends a message. @default - nothing that the proxy could see: TLS */
  readonly sending?: string;
}

/** Kills the server between the backend's commit and the answer, then calls another with the same key. */
async function killBetweenCommitAndAnswer({ world, port, variables, sending }: Killing) {
  const user = await world.newUser();
  const room_id = await world.newRoom("Killed", [user]);
  const proxy = await startProxy(() => port);
  const first = await program.serve(variables(proxy.port));
  const second = await program.serve(variables(port));
  const messages = async () => (await second.call("chat_get_messages", { room_id }))["structuredContent"];
  const draft = { room_id, content: "Once only", idempotency_key: "killed-1" };
  if (sending === undefined)
    // A call of the warm-up would wait on the open connection, and a new one can't be opened.
    await eventually(() => expect(first.log().some(({ event }) => event === "warmed_up")).toBe(true), {
      timeout: 30_000,
    });
  proxy.mute(sending);
  const lost = first.call("chat_send_message", draft).catch(() => "lost");
  await eventually(
    async () => expect(await messages()).toMatchObject({ messages: [{ content: "Once only" }] }),
    { timeout: 15_000 },
  );
  first.child.kill("SIGKILL");
  expect(await lost).toBe("lost");
  await proxy.stop();

  const again = await second.call("chat_send_message", draft);
  const { message } = sentSchema.parse(again["structuredContent"]);
  expect(message).toMatchObject({ room_id, content: "Once only" });
  expect(await messages()).toMatchObject({ messages: [{ id: message.id, content: "Once only" }] });
}

interface Load {
  readonly chat: ChatBackend;
  readonly world: World;
  /** Ends when the backend is gone. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Sends from several sides while the backend stops and starts, each message until it is acknowledged. */
async function stopUnderLoad({ chat, world, stop, start }: Load) {
  const room_id = await world.newRoom("Load", []);
  const sent = new Map<string, string>();
  let failures = 0;
  const attempt = async (content: string, idempotency_key: string) => {
    const draft = { room_id, content, message_type: "text" as const, idempotency_key };
    try {
      sent.set(content, (await chat.sendMessage(draft, signal())).id);
    } catch (error) {
      expect(error).toBeInstanceOf(ChatError);
      expect(error).toMatchObject({ code: expect.stringMatching(/^(unavailable|timeout|rate_limited)$/) });
      failures += 1;
    }
  };
  let stopped = false;
  const sender = async (name: number) => {
    for (let n = 0; n < 5 || !stopped; n++) {
      const [content, own] = [`${name}: ${n}`, key()];
      await eventually(
        async () => expect(await attempt(content, own).then(() => sent.has(content))).toBe(true),
        { timeout: 60_000, interval: 100 },
      );
    }
  };
  const senders = Promise.all([1, 2, 3, 4].map(sender));
  await eventually(() => expect(sent.size).toBeGreaterThan(4), { timeout: 20_000 });
  await stop();
  await eventually(() => expect(failures).toBeGreaterThan(4), { timeout: 20_000 });
  await start();
  stopped = true;
  await senders;

  const stored: [string, string][] = [];
  let cursor: string | undefined;
  do {
    const page = await chat.getMessages({ room_id, limit: 100, cursor }, signal());
    stored.push(...page.items.map(({ content, id }): [string, string] => [content, id]));
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  expect(stored.sort()).toEqual([...sent].sort());
}

describe("over PostgreSQL", () => {
  let database: ChatDatabase;
  let hasura: HasuraServer;
  beforeAll(async () => {
    database = await startChatDatabase();
    hasura = await startHasuraServer(database.connection);
  });
  afterAll(async () => {
    await hasura?.stop();
    await database?.stop();
  });

  it("a call repeated after the server was killed between commit and answer sends one message: postgres", () =>
    killBetweenCommitAndAnswer({
      world: database.world,
      port: database.connection.port,
      variables: (port) => ({
        BACKEND_TYPE: "postgres",
        DATABASE_URL: databaseUrl(database, port),
        AGENT_USER_ID: AGENT,
      }),
    }));

  it("a call repeated after the server was killed between commit and answer sends one message: hasura", async () => {
    const signIn = await startSignIn(AGENT);
    await killBetweenCommitAndAnswer({
      world: database.world,
      port: Number(new URL(hasura.endpoint).port),
      variables: (port) => ({
        BACKEND_TYPE: "hasura",
        HASURA_ENDPOINT: `http://127.0.0.1:${port}/v1/graphql`,
        COGNITO_REGION: "us-east-1",
        AGENT_CLIENT_ID: "agent",
        AGENT_CLIENT_SECRET: "secret",
        AGENT_USERNAME: "agent",
        AGENT_PASSWORD: "password",
        AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER: signIn.url,
        NODE_NO_WARNINGS: "1",
      }),
      sending: "mutation SendMessage",
    });
    signIn.stop();
  });

  it("no message is lost or doubled when the database stops and starts under load", async () => {
    const chat = postgresBackend({ connection: database.connection, agentUserId: AGENT });
    const { server, world } = database;
    await stopUnderLoad({ chat, world, stop: server.pause, start: server.resume });
    await chat.close();
  });
});

describeWithSynapse("over Synapse", () => {
  let homeserver: Homeserver;
  let proxy: Way;
  let chat: ChatBackend;
  const portNow = () => Number(new URL(homeserver.synapse().url).port);
  beforeAll(async () => {
    homeserver = await startHomeserver();
    // The address stays, as service discovery keeps it, while containers come and go.
    proxy = await startProxy(portNow);
    chat = synapseBackend({ ...homeserver.options, url: `http://127.0.0.1:${proxy.port}` });
  });
  afterAll(async () => {
    await proxy?.stop();
    await homeserver?.stop();
  });

  it("a call repeated after the server was killed between commit and answer sends one message", () =>
    killBetweenCommitAndAnswer({
      world: homeserver.world,
      port: portNow(),
      variables: (port) => ({
        BACKEND_TYPE: "synapse",
        SYNAPSE_URL: `http://127.0.0.1:${port}`,
        SYNAPSE_SERVER_NAME: homeserver.serverName,
        SYNAPSE_BOT_USERNAME: homeserver.bot.username,
        SYNAPSE_BOT_PASSWORD: homeserver.bot.password,
        CONTENT_URL_TEMPLATE: homeserver.options.contentUrlTemplate,
      }),
      sending: "/send/m.room.message/",
    }));

  it("no message is lost or doubled when the homeserver stops and starts under load", () =>
    stopUnderLoad({
      chat,
      world: homeserver.world,
      stop: async () => {
        await homeserver.synapse().stop();
      },
      start: homeserver.restart,
    }));

  it("no message is lost or doubled when the homeserver's database stops and starts under load", async () => {
    const { postgres, world } = homeserver;
    const stop = async () => {
      await postgres.pause();
      expect(await chat.health(signal())).toMatchObject({ reachable: false });
    };
    await stopUnderLoad({ chat, world, stop, start: postgres.resume });
    await eventually(async () => expect(await chat.health(signal())).toEqual({ reachable: true }), {
      timeout: 10_000,
    });
  });

  it("a call fails in time if the homeserver hangs, and at once if the client disconnects", async () => {
    const { pid } = homeserver.synapse();
    process.kill(pid, "SIGSTOP");
    try {
      const started = performance.now();
      const gone = new AbortController();
      const left = chat.listRooms({ include_inactive: false }, gone.signal);
      const late = chat.listRooms({ include_inactive: false }, signal());
      gone.abort(new Error("gone"));
      await expect(left).rejects.toThrow("gone");
      expect(performance.now() - started).toBeLessThan(limits.backendMs / 2);
      await expect(late).rejects.toMatchObject({ code: "timeout" });
      expect(performance.now() - started).toBeLessThan(limits.callMs);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await eventually(
      async () => expect(await chat.listRooms({ include_inactive: false }, signal())).toBeInstanceOf(Array),
      { timeout: 10_000 },
    );
  });
});
