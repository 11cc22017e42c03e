import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { Client } from "pg";
import * as z from "zod";
import { eventually } from "../../test/jest/eventually.ts";
import { type ChatDatabase, startChatDatabase } from "../../test/mcp-server/database.ts";
import { startTestService, type TestService } from "../../test/mcp-server/service.ts";
import { token } from "../../tools/servers/cognito-tokens.ts";
import { postgresBackend } from "../backends/postgres.ts";
import type { ChatBackend } from "../chat/backend.ts";
import { limits } from "../limits.ts";

let database: ChatDatabase;
let backend: ChatBackend;
let service: TestService;
beforeAll(async () => {
  database = await startChatDatabase();
  backend = postgresBackend({ connection: database.connection, agentUserId: database.world.agent });
  service = await startTestService(backend, { PUBLIC_URL: "https://chat.example.org" });
});
afterAll(async () => {
  await service?.stop();
  await database?.stop();
});

const host = { host: "chat.example.org" };
const bearer = (groups = ["admin"]) => ({ authorization: `Bearer ${token({ groups })}` });
const ping = { jsonrpc: "2.0", id: 1, method: "ping" };
const origin = () => `http://127.0.0.1:${service.port}`;

interface RawAnswer {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

/** A request as raw bytes, because fetch lets no one set Host or cut a body short. */
function raw(text: string, port = service.port, end = false): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () =>
      end ? socket.end(text, "latin1") : socket.write(text, "latin1"),
    );
    let answer = "";
    socket.on("data", (chunk) => {
      answer += chunk;
      const at = answer.indexOf("\r\n\r\n");
      const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0);
      if (at >= 0 && Buffer.byteLength(answer) >= at + 4 + length) socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => {
      const [headers = "", body = ""] = answer.split("\r\n\r\n", 2);
      resolve({ status: Number(headers.split(" ")[1]), headers, body });
    });
  });
}

function post(body: unknown, headers: Record<string, string> = {}): Promise<RawAnswer> {
  const json = typeof body === "string" ? body : JSON.stringify(body);
  const text = Buffer.from(json).toString("latin1");
  const all = {
    ...host,
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "content-length": String(text.length),
    ...bearer(),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return raw(`POST /mcp HTTP/1.1\r\n${lines.join("")}\r\n${text}`);
}

/** The keys and values of a JSON text. */
function textsOf(json: string): string[] {
  const texts: string[] = [];
  JSON.parse(json, (key, value) => {
    texts.push(key, String(value));
    return value;
  });
  return texts;
}

describe("the MCP endpoint", () => {
  it("answers every protocol version that the SDK supports, in JSON and without a session", async () => {
    for (const protocolVersion of ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05", "2024-10-07"]) {
      const { status, headers, body } = await post({
        ...ping,
        method: "initialize",
        params: { protocolVersion, capabilities: {}, clientInfo: { name: "x", version: "1" } },
      });
      expect(status).toBe(200);
      expect(headers).toMatch(/content-type: application\/json/i);
      expect(headers).not.toMatch(/mcp-session-id/i);
      expect(JSON.parse(body).result).toMatchObject({
        protocolVersion,
        serverInfo: { name: "phenom-chat" },
        capabilities: { tools: {}, resources: {} },
        instructions: expect.stringContaining("chat_list_rooms"),
      });
    }
  });

  it("accepts a notification with 202 and no body", async () => {
    expect(await post({ jsonrpc: "2.0", method: "notifications/initialized" })).toMatchObject({
      status: 202,
      body: "",
    });
  });

  it("answers a batch in order, and one message without a batch", async () => {
    const { status, body } = await post([
      ping,
      { jsonrpc: "2.0", method: "notifications/initialized" },
      { ...ping, id: "b" },
    ]);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual([
      { jsonrpc: "2.0", id: 1, result: {} },
      { jsonrpc: "2.0", id: "b", result: {} },
    ]);
    expect(JSON.parse((await post(ping)).body)).toEqual({ jsonrpc: "2.0", id: 1, result: {} });
  });

  it.each(["GET", "DELETE", "PUT", "HEAD"])("answers 405 to %s and names POST", async (method) => {
    const response = await fetch(`${origin()}/mcp`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
  });

  it("refuses other bodies than JSON-RPC messages with the protocol's codes", async () => {
    const code = async (body: unknown) => {
      const answer = await post(body);
      expect(answer.status).toBe(400);
      return JSON.parse(answer.body).error.code;
    };
    expect(await code("{")).toBe(-32700);
    expect(await code("")).toBe(-32700);
    for (const body of [
      [],
      null,
      1,
      {},
      { jsonrpc: "1.0", id: 1, method: "ping" },
      [ping, ping],
      Array(21).fill(ping),
    ])
      expect(await code(body)).toBe(-32600);
    expect(JSON.parse((await post({ ...ping, method: "no/such" })).body).error.code).toBe(-32601);
  });

  it("refuses another content type, an Accept without JSON, an unknown protocol version", async () => {
    expect(await post(ping, { "content-type": "text/plain" })).toMatchObject({ status: 415 });
    expect(await post(ping, { accept: "text/html" })).toMatchObject({ status: 406 });
    expect(await post(ping, { "mcp-protocol-version": "1999-01-01" })).toMatchObject({ status: 400 });
    expect(await post(ping, { "mcp-protocol-version": "2025-06-18" })).toMatchObject({ status: 200 });
  });

  it("refuses a caller without a token and tells where to sign in", async () => {
    const { status, headers } = await post(ping, { authorization: "" });
    expect(status).toBe(401);
    expect(headers).toContain(
      'Bearer resource_metadata="https://chat.example.org/.well-known/oauth-protected-resource/mcp"',
    );
    expect(await post(ping, bearer([]))).toMatchObject({ status: 403 });
  });

  it("refuses another Host or Origin", async () => {
    for (const other of [
      "evil.example",
      "chat.example.org.evil.example",
      "127.0.0.1",
      "chat.example.org@evil.example",
      "",
    ])
      expect(await post(ping, { host: other })).toMatchObject({
        status: other === "" ? expect.any(Number) : 403,
      });
    expect(await post(ping, { host: "chat.example.org:443" })).toMatchObject({ status: 200 });
    for (const other of [
      "https://evil.example",
      "http://chat.example.org",
      "null",
      "https://chat.example.org:8443",
    ])
      expect(await post(ping, { origin: other })).toMatchObject({ status: 403 });
    expect(await post(ping, { origin: "https://chat.example.org" })).toMatchObject({ status: 200 });
  });

  it("refuses a body that is too large, declared or not, before it has all arrived", async () => {
    const large = "x".repeat(300 * 1024);
    expect(await post(large)).toMatchObject({ status: 413 });
    const { authorization } = bearer();
    const head = `POST /mcp HTTP/1.1\r\nhost: ${host.host}\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\n`;
    const chunk = `40000\r\n${"x".repeat(0x40000)}\r\n`;
    expect(await raw(`${head}transfer-encoding: chunked\r\n\r\n${chunk}${chunk}`)).toMatchObject({
      status: 413,
    });
  });

  it("survives bodies that end early or are not UTF-8", async () => {
    const { authorization } = bearer();
    const head = `POST /mcp HTTP/1.1\r\nhost: ${host.host}\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\n`;
    await raw(`${head}content-length: 1000\r\n\r\n{"json`, service.port, true);
    expect(await post(ping)).toMatchObject({ status: 200 });
    const bytes = Buffer.from([0xff, 0xfe]).toString("latin1");
    expect(await raw(`${head}content-length: 2\r\n\r\n${bytes}`)).toMatchObject({ status: 400 });
  });

  it("reads a media type in any case, and null where something is left out", async () => {
    expect(await post(ping, { accept: "Application/JSON" })).toMatchObject({ status: 200 });
    expect(await post({ ...ping, params: null })).toMatchObject({ status: 200 });
    expect(await post({ ...ping, params: { _meta: null } })).toMatchObject({ status: 200 });
    const clientInfo = { name: "x", version: "1", title: null };
    const params = { protocolVersion: "2025-11-25", capabilities: { roots: null }, clientInfo, _meta: null };
    expect(JSON.parse((await post({ ...ping, method: "initialize", params })).body)).toHaveProperty("result");
  });

  it("answers and logs in valid Unicode, whatever came in", async () => {
    const faulty = ["\ud800", "😀".repeat(40), `${"x".repeat(79)}😀`, "\\ud800", "\udc00\ud800"];
    for (const text of faulty)
      for (const message of [
        { ...ping, method: "tools/call", params: { name: "chat_get_messages", arguments: { limit: text } } },
        { ...ping, method: "tools/call", params: { name: "chat_get_messages", arguments: { [text]: 1 } } },
        { ...ping, method: "tools/call", params: { name: text, arguments: {} } },
        { ...ping, method: "tools/call", params: { name: "chat_ban_user", arguments: { room_id: text } } },
        { ...ping, method: "resources/read", params: { uri: text } },
        { ...ping, method: "prompts/get", params: { name: "find_person", arguments: { name: text } } },
        { ...ping, method: "prompts/get", params: { name: text } },
        { ...ping, method: "initialize", params: { protocolVersion: text } },
        { ...ping, method: text },
        { ...ping, id: text },
      ]) {
        const { body } = await post(message);
        expect(textsOf(body).filter((each) => !each.isWellFormed())).toEqual([]);
      }
    // Programs in other languages read the log, too.
    expect(textsOf(JSON.stringify(service.log)).filter((each) => !each.isWellFormed())).toEqual([]);
  });

  it("names what a message lacks, with the protocol's code and without a dump", async () => {
    const errorOf = async (method: string, params?: unknown) =>
      JSON.parse((await post({ ...ping, method, ...(params !== undefined && { params }) })).body).error;
    const missing = { code: -32602, message: "params.name: must be a text." };
    expect(await errorOf("tools/call", {})).toEqual(missing);
    expect(await errorOf("tools/call")).toEqual(missing);
    expect(await errorOf("resources/read", { uri: 1 })).toEqual({
      code: -32602,
      message: "params.uri: must be a text.",
    });
    expect(await errorOf("tools/call", { name: "chat_fly" })).toEqual({
      code: -32602,
      message: expect.stringMatching(/^Unknown tool "chat_fly"/),
    });
    expect(await errorOf("no/such")).toMatchObject({ code: -32601 });
    expect(await errorOf("initialize")).toMatchObject({
      code: -32602,
      message: expect.stringMatching(/^params: /),
    });
  });

  it("never fails on any JSON", async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.json(), fc.string()), async (body) => {
        expect((await post(body)).status).toBeLessThan(500);
      }),
      { numRuns: 60 },
    );
  });

  it("gives each of many callers with the same ids their own answer", async () => {
    const rooms = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const room = await database.world.newRoom(`Isolation ${n}`, []);
        await backend.sendMessage(
          { room_id: room, content: `only in ${room}`, message_type: "text" },
          new AbortController().signal,
        );
        return room;
      }),
    );
    const calls = Array.from({ length: 200 }, (_, n) => rooms[n % rooms.length]).map(async (room_id) => {
      const { body } = await post({
        ...ping,
        method: "tools/call",
        params: { name: "chat_get_messages", arguments: { room_id } },
      });
      const { messages } = JSON.parse(body).result.structuredContent;
      expect(messages).toMatchObject([{ content: `only in ${room_id}` }]);
    });
    await Promise.all(calls);
  });
});

const answerSchema = z.object({
  result: z.looseObject({ isError: z.boolean().optional() }),
});

describe("a caller above the rate limit", () => {
  const callOf = (id: number) => ({
    ...ping,
    id,
    method: "tools/call",
    params: { name: "chat_list_rooms", arguments: {} },
  });

  it("gets a result with the time to wait, and other sign-ins, of the same account too, do not", async () => {
    const strict = await startTestService(
      { ...backend, close: async () => {} },
      { RATE_LIMIT_PER_SECOND: "1" },
    );
    const send = async (body: unknown, claims: Record<string, string>) => {
      const response = await strict.post(body, { authorization: `Bearer ${token({ claims })}` });
      expect(response.status).toBe(200);
      return answerSchema.parse(await response.json());
    };
    const eager = { sub: "shared", origin_jti: "one" };
    const outcomes = [];
    for (let n = 0; n < 4; n++) outcomes.push((await send(callOf(n), eager)).result.isError ?? false);
    expect(outcomes).toEqual([false, false, false, true]);
    const { result } = await send(callOf(5), eager);
    expect(result).toMatchObject({
      content: [{ text: expect.stringMatching(/^rate_limited: .*Try again in 1 s/) }],
      _meta: { "thephenom.app/error": { code: "rate_limited", retry_after_ms: expect.any(Number) } },
    });
    expect(await send({ ...ping, method: "tools/list" }, eager)).toHaveProperty("result.tools");
    for (const claims of [
      { sub: "shared", origin_jti: "two" },
      { sub: "somebody-else", origin_jti: "one" },
    ])
      expect((await send(callOf(6), claims)).result.isError).toBeUndefined();
    await strict.stop();
  });
});

describe("a web page", () => {
  it("of an allowed origin may ask and call, and reads errors; others may not", async () => {
    const open = await startTestService(
      { ...backend, close: async () => {} },
      { CORS_ORIGINS: "https://app.example.org" },
    );
    const page = { origin: "https://app.example.org" };
    const asked = await fetch(open.mcp, { method: "OPTIONS", headers: page });
    expect(asked.status).toBe(204);
    expect(asked.headers.get("access-control-allow-headers")).toContain("authorization");
    const { authorization } = bearer();
    for (const [headers, status] of [
      [{ ...page, authorization }, 200],
      [page, 401],
    ] as const) {
      const answer = await open.post(ping, headers);
      expect(answer.status).toBe(status);
      expect(answer.headers.get("access-control-allow-origin")).toBe(page.origin);
    }
    const foreign = await open.post(ping, { authorization, origin: "https://evil.example" });
    expect(foreign.status).toBe(403);
    expect(foreign.headers.get("access-control-allow-origin")).toBeNull();
    await open.stop();
  });
});

describe("the other pages", () => {
  const page = async (path: string) => {
    const response = await fetch(`${origin()}${path}`);
    return { status: response.status, body: await response.json() };
  };

  it.each([
    "/health",
    "/mcp/health",
  ])("%s answers any Host with status, version, backend and whether that can be reached", async (path) => {
    await page("/ready");
    const { status, body } = await page(path);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "ok",
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      backend: { type: "postgres", reachable: true, checked_at: expect.any(String) },
    });
  });

  it("/mcp/version names the release", async () => {
    expect(await page("/mcp/version")).toMatchObject({ status: 200, body: { version: expect.any(String) } });
  });

  it("the resource's metadata names this server as the authorisation server, to any web page", async () => {
    for (const path of ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"])
      expect((await page(path)).body).toMatchObject({
        resource: "https://chat.example.org/mcp",
        authorization_servers: ["https://chat.example.org"],
        bearer_methods_supported: ["header"],
      });
    expect((await page("/.well-known/oauth-authorization-server")).body).toMatchObject({
      issuer: "https://chat.example.org",
      authorization_endpoint: "https://chat.example.org/mcp/oauth/authorize",
      token_endpoint: "https://chat.example.org/mcp/oauth/token",
      code_challenge_methods_supported: ["S256"],
    });
    const address = `${origin()}/.well-known/oauth-protected-resource/mcp`;
    const asked = await fetch(address, { method: "OPTIONS", headers: { origin: "https://any.example.org" } });
    expect(asked.status).toBe(204);
    for (const { headers } of [asked, await fetch(address)])
      expect(headers.get("access-control-allow-origin")).toBe("*");
    expect(asked.headers.get("access-control-allow-headers")).toContain("mcp-protocol-version");
  });

  it("every other path is 404", async () => {
    for (const path of ["/", "/admin", "/mcp/other", "/.well-known/openid-configuration", "/constructor"])
      expect((await page(path)).status).toBe(404);
  });
});

describe("while the database cannot be reached", () => {
  it("calls fail in time with a result, liveness stays, readiness fails, and everything recovers", async () => {
    const call = async () =>
      JSON.parse(
        (await post({ ...ping, method: "tools/call", params: { name: "chat_list_rooms", arguments: {} } }))
          .body,
      ).result;
    expect((await call()).isError).toBeUndefined();
    await database.server.pause();
    const failed = await call();
    expect(failed).toMatchObject({
      isError: true,
      _meta: { "thephenom.app/error": { code: "unavailable" } },
    });
    expect(failed.content[0].text).not.toMatch(/ECONN|127\.0\.0\.1/);
    expect((await fetch(`${origin()}/mcp/ready`)).status).toBe(500);
    const health = await fetch(`${origin()}/health`);
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({ status: "degraded", backend: { reachable: false } });
    await database.server.resume();
    expect((await call()).isError).toBeUndefined();
    expect((await fetch(`${origin()}/mcp/ready`)).status).toBe(200);
  });

  it("a call whose client disconnects is cancelled in the database", async () => {
    const blocker = new Client(database.connection);
    await blocker.connect();
    await blocker.query("begin; lock table chat_rooms in access exclusive mode");
    const waiting = async () =>
      (
        await blocker.query(
          "select count(*)::int as n from pg_stat_activity where application_name = 'phenom-chat-mcp' and wait_event_type = 'Lock'",
        )
      ).rows[0].n;
    const body = JSON.stringify({
      ...ping,
      method: "tools/call",
      params: { name: "chat_list_rooms", arguments: { include_inactive: true } },
    });
    const { authorization } = bearer();
    const socket = connect(service.port, "127.0.0.1", () =>
      socket.write(
        `POST /mcp HTTP/1.1\r\nhost: ${host.host}\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      ),
    );
    await eventually(async () => expect(await waiting()).toBe(1), { timeout: 5000 });
    socket.destroy();
    await eventually(async () => expect(await waiting()).toBe(0), { timeout: 4000 });
    await blocker.query("rollback");
    await blocker.end();
    expect(service.log.findLast(({ event }) => event === "tool_call")).toMatchObject({
      outcome: "cancelled",
    });
  });
});

describe("a backend that never answers", () => {
  const asked = jest.fn();
  const never = (_query: unknown, signal: AbortSignal) => {
    asked();
    return new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  let silent: TestService;
  beforeAll(async () => {
    silent = await startTestService({ ...backend, listRooms: never, close: async () => {} });
    jest.useFakeTimers({ doNotFake: ["nextTick", "setImmediate", "queueMicrotask", "performance", "Date"] });
  });
  afterAll(async () => {
    jest.useRealTimers();
    await silent?.stop();
  });

  it.each([
    ["tools/call", { name: "chat_list_rooms", arguments: {} }, /"isError":true.*"timeout: /],
    ["resources/list", {}, /"error":.*"timeout: /],
  ])("fails %s when the time for calls is over", async (method, params, expected) => {
    const answered = silent.post({ ...ping, method, params });
    await eventually(() => expect(asked).toHaveBeenCalled());
    jest.advanceTimersByTime(limits.callMs);
    const answer = await answered;
    expect(answer.status).toBe(200);
    expect(await answer.text()).toMatch(expected);
    asked.mockClear();
  });
});
