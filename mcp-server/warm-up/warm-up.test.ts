import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { request, type Server } from "node:http";
import { afterAll, afterEach, beforeAll, expect, it } from "@jest/globals";
import { Client } from "pg";
import * as z from "zod";
import { eventually } from "../../test/jest/eventually.ts";
import { type ChatDatabase, startChatDatabase } from "../../test/mcp-server/database.ts";
import { startTestService, type TestService } from "../../test/mcp-server/service.ts";
import { poolKeys, token } from "../../tools/servers/cognito-tokens.ts";
import { postgresBackend } from "../backends/postgres.ts";
import type { ChatBackend } from "../chat/backend.ts";
import { errors } from "../chat/error.ts";

const WITHIN_MS = 20_000;
/** Behind a load balancer the server knows itself by its public name alone. */
const HOST = "chat.example.org";

let database: ChatDatabase;
let backend: ChatBackend;
let client: Client;
let service: TestService;
let stop: () => Promise<void>;
beforeAll(async () => {
  database = await startChatDatabase();
  client = new Client(database.connection);
  await client.connect();
});
afterEach(() => stop());
afterAll(async () => {
  await client?.end();
  await database?.stop();
});

const start = async (change: Partial<ChatBackend> = {}, withinMs = WITHIN_MS, keys = poolKeys()) => {
  backend = postgresBackend({ connection: database.connection, agentUserId: database.world.agent });
  const started = await startTestService(
    { ...backend, ...change },
    { PUBLIC_URL: `https://${HOST}` },
    keys,
    "info",
    undefined,
    {
      withinMs,
    },
  );
  let stopped: Promise<void> | undefined;
  stop = () => {
    stopped ??= started.stop();
    return stopped;
  };
  return started;
};
const page = async (path: string) => {
  const response = await fetch(`http://127.0.0.1:${service.port}${path}`);
  return { httpStatus: response.status, ...z.looseObject({}).parse(await response.json()) };
};
const events = () => service.log.map(({ event }) => event);
const ended = () => eventually(() => expect(events().at(-1)).toMatch(/^warm/), { timeout: WITHIN_MS });
const listRooms = { name: "chat_list_rooms", arguments: {} };
/** Calls a tool. @returns the HTTP status */
const call = (params: object = listRooms, port = service.port, bearer = token()) =>
  new Promise<number | undefined>((resolve, reject) => {
    const authorization = `Bearer ${bearer}`;
    const headers = { host: HOST, authorization, "content-type": "application/json" };
    const options = { host: "127.0.0.1", port, path: "/mcp", method: "POST", headers };
    const outgoing = request({ ...options, agent: false }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode));
    });
    outgoing.on("error", reject);
    outgoing.end(JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }));
  });

it("reports healthy only after the warm-up, and serves requests meanwhile", async () => {
  let finish = () => {};
  const held = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const room = await database.world.newRoom("Warm-up", []);
  service = await start({
    listMembers: async (...query) => {
      if (query[0].limit > 1) await held;
      return backend.listMembers(...query);
    },
  });
  expect(await page("/health")).toMatchObject({ httpStatus: 500, status: "starting" });
  expect(await page("/mcp/health")).toMatchObject({ httpStatus: 500, status: "starting" });
  expect(await page("/ready")).toMatchObject({ httpStatus: 500, ready: false });
  const short = { name: "chat_list_members", arguments: { room_id: room, limit: 1 } };
  expect(await call(short)).toBe(200);
  expect(await page("/health")).toMatchObject({ httpStatus: 500 });
  finish();
  await ended();
  expect(events()).toContain("warmed_up");
  expect(await page("/health")).toMatchObject({ httpStatus: 200, status: "ok" });
  expect(await page("/ready")).toMatchObject({ httpStatus: 200, ready: true });
});

it("fetches the user pool's keys, and leaves no trace in chat, log, metrics or audit log", async () => {
  let fetched = 0;
  const tables = ["chat_rooms", "chat_messages", "chat_members", "chat_bans"];
  const rows = async () => {
    const texts = tables.map((table) => `(select json_agg(t order by t.id) from ${table} t)::text`);
    return (await client.query(`select ${texts.join(", ")}`)).rows;
  };
  const before = await rows();
  service = await start(
    {},
    WITHIN_MS,
    poolKeys(async () => {
      fetched++;
    }),
  );
  await ended();
  expect(await rows()).toEqual(before);
  expect(service.log).toEqual([
    expect.objectContaining({ event: "started" }),
    expect.objectContaining({ event: "warmed_up", requests: expect.any(Number) }),
  ]);
  expect(fetched).toBe(1);
  await call();
  expect(fetched).toBe(1);
  expect(events().at(-1)).toBe("tool_call");
});

it("serves although the warm-up failed, and logs why", async () => {
  service = await start({ searchMessages: () => Promise.reject(errors.unavailable("postgres", undefined)) });
  await ended();
  expect(service.log.at(-1)).toMatchObject({
    level: "warn",
    event: "warm_up_failed",
    error: expect.objectContaining({ message: expect.stringContaining("unavailable") }),
  });
  expect(await page("/health")).toMatchObject({ httpStatus: 200 });
  expect(await call()).toBe(200);
});

it("serves although the user pool's keys cannot be fetched", async () => {
  service = await start(
    {},
    WITHIN_MS,
    poolKeys(() => Promise.reject(new Error("no route"))),
  );
  await ended();
  expect(service.log.at(-1)).toMatchObject({ event: "warm_up_failed" });
  expect(await page("/health")).toMatchObject({ httpStatus: 200 });
});

it("gives up when its time is over", async () => {
  service = await start({ getMessages: () => new Promise(() => {}) }, 200);
  await ended();
  expect(service.log.at(-1)).toMatchObject({ event: "warm_up_failed" });
  expect(await page("/health")).toMatchObject({ httpStatus: 200 });
});

it("ends with the server", async () => {
  service = await start({ getMessages: () => new Promise(() => {}) });
  await stop();
  expect(events()).toEqual(["started"]);
});

it("lets nobody in who does not know its token", async () => {
  const servers = new Set<Server>();
  const remember = (message: unknown) => {
    servers.add(z.object({ server: z.custom<Server>() }).parse(message).server);
  };
  const channel = "http.server.request.start";
  subscribe(channel, remember);
  try {
    service = await start({ deleteMessage: () => new Promise(() => {}) });
    await eventually(() => expect(servers.size).toBeGreaterThan(0), { timeout: WITHIN_MS });
    const [server] = servers;
    const address = server?.address();
    const port = typeof address === "object" && address ? address.port : 0;
    expect(port).not.toBe(service.port);
    expect(await call(listRooms, port, "guessed")).toBe(401);
    expect(await call(listRooms, port, token())).toBe(401);
  } finally {
    unsubscribe(channel, remember);
  }
});
