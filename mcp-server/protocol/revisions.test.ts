import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import * as z from "zod";
import { startTestService, type TestService } from "../../test/mcp-server/service.ts";
import { token } from "../../tools/servers/cognito-tokens.ts";
import { postgresBackend } from "../backends/postgres.ts";
import { catalog } from "../tools/catalog.ts";

const VERSION = "2026-07-28";
const envelope = {
  "io.modelcontextprotocol/protocolVersion": VERSION,
  "io.modelcontextprotocol/clientCapabilities": {},
};

let service: TestService;
beforeAll(async () => {
  // Nothing here reads the chat.
  service = await startTestService(
    postgresBackend({ connection: { host: "127.0.0.1", port: 1, user: "nobody" }, agentUserId: "agent" }),
  );
});
afterAll(() => service?.stop());

const answerSchema = z.object({
  result: z.looseObject({}).optional(),
  error: z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() }).optional(),
});

async function post(message: object, headers: Record<string, string | undefined> = {}) {
  const all = { authorization: `Bearer ${token()}`, ...headers };
  const given = Object.entries(all).filter((each): each is [string, string] => each[1] !== undefined);
  const response = await service.post({ jsonrpc: "2.0", ...message }, Object.fromEntries(given));
  const text = await response.text();
  return { status: response.status, ...(text === "" ? {} : answerSchema.parse(JSON.parse(text))) };
}

const ask = (method: string, params: object = {}, headers: Record<string, string | undefined> = {}) =>
  post(
    { id: 7, method, params: { _meta: envelope, ...params } },
    { "mcp-protocol-version": VERSION, "mcp-method": method, ...headers },
  );

describe("a request of revision 2026-07-28", () => {
  it("discovers the server without a handshake", async () => {
    expect(await ask("server/discover")).toMatchObject({
      status: 200,
      result: {
        resultType: "complete",
        supportedVersions: [VERSION],
        capabilities: { tools: {}, resources: {}, prompts: {} },
        instructions: expect.stringContaining("chat_list_rooms"),
        ttlMs: expect.any(Number),
        cacheScope: "private",
        _meta: { "io.modelcontextprotocol/serverInfo": { name: "phenom-chat" } },
      },
    });
  });

  it("lists the tools, to keep for this caller only", async () => {
    expect(await ask("tools/list")).toMatchObject({
      status: 200,
      result: {
        resultType: "complete",
        cacheScope: "private",
        tools: catalog.map(({ name }) => ({ name })),
      },
    });
  });

  it("calls a tool, whose failure is a complete result", async () => {
    const answer = await ask(
      "tools/call",
      { name: "chat_list_rooms", arguments: {} },
      { "mcp-name": "chat_list_rooms" },
    );
    expect(answer).toMatchObject({ status: 200, result: { resultType: "complete", isError: true } });
    expect(answer.result).not.toHaveProperty("ttlMs");
  });

  it.each([
    "ping",
    "initialize",
    "logging/setLevel",
    "subscriptions/listen",
    "nothing/known",
  ])("answers %s, which the revision or the server does not have, with 404", async (method) => {
    expect(await ask(method)).toMatchObject({ status: 404, error: { code: -32601 } });
  });

  it("names an unknown resource as a wrong parameter", async () => {
    const uri = "chat://nothing";
    expect(await ask("resources/read", { uri }, { "mcp-name": uri })).toMatchObject({
      status: 200,
      error: { code: -32602, data: { uri } },
    });
  });

  it("takes names that no header can hold in base64", async () => {
    const uri = "chat://Räume";
    const name = `=?base64?${Buffer.from(uri).toString("base64")}?=`;
    expect(await ask("resources/read", { uri }, { "mcp-name": name })).toMatchObject({
      error: { code: -32602 },
    });
  });

  it.each([
    ["the version is missing", "tools/list", { "mcp-protocol-version": undefined }],
    ["the version is another", "tools/list", { "mcp-protocol-version": "2025-11-25" }],
    ["the method is missing", "tools/list", { "mcp-method": undefined }],
    ["the method is another", "tools/list", { "mcp-method": "tools/call" }],
    ["the name is missing", "tools/call", {}],
    ["the name is another", "tools/call", { "mcp-name": "chat_ban_user" }],
  ])("is refused if in its headers %s", async (_, method, headers) => {
    expect(await ask(method, { name: "chat_list_rooms", arguments: {} }, headers)).toMatchObject({
      status: 400,
      error: { code: -32020 },
    });
  });

  it("is refused without the client's capabilities, and without any envelope", async () => {
    const { "io.modelcontextprotocol/clientCapabilities": _, ...incomplete } = envelope;
    for (const _meta of [incomplete, undefined])
      expect(await ask("tools/list", { _meta })).toMatchObject({ status: 400, error: { code: -32602 } });
  });

  it("of a later revision learns which one is served", async () => {
    const later = "2027-01-01";
    const _meta = { ...envelope, "io.modelcontextprotocol/protocolVersion": later };
    expect(await ask("server/discover", { _meta }, { "mcp-protocol-version": later })).toMatchObject({
      status: 400,
      error: { code: -32022, data: { supported: [VERSION], requested: later } },
    });
  });

  it("can't be part of a batch", async () => {
    const message = { jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta: envelope } };
    const response = await service.post([message]);
    expect([response.status, await response.json()]).toMatchObject([400, { error: { code: -32600 } }]);
  });

  it("needs a token as any other", async () => {
    expect((await ask("server/discover", {}, { authorization: undefined })).status).toBe(401);
  });

  it("is accepted without an answer if it is a notification", async () => {
    const notification = { method: "notifications/cancelled", params: { _meta: envelope, requestId: 1 } };
    expect(await post(notification, { "mcp-protocol-version": VERSION })).toEqual({ status: 202 });
  });
});
