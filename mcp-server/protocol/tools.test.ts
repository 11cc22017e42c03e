import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Client } from "@modelcontextprotocol/sdk/client/index.js";
import * as z from "zod";
import { type ChatDatabase, startChatDatabase } from "../../test/mcp-server/database.ts";
import { startTestService, type TestService, textOf } from "../../test/mcp-server/service.ts";
import { token } from "../../tools/servers/cognito-tokens.ts";
import { postgresBackend } from "../backends/postgres.ts";
import type { ChatBackend } from "../chat/backend.ts";
import type { Room } from "../chat/model.ts";

let database: ChatDatabase;
let backend: ChatBackend;
let service: TestService;
let client: Client;
beforeAll(async () => {
  database = await startChatDatabase();
  backend = postgresBackend({ connection: database.connection, agentUserId: database.world.agent });
  service = await startTestService(backend);
  client = await service.connect();
});
afterAll(async () => {
  await client?.close();
  await service?.stop();
  await database?.stop();
});

const call = (name: string, args: Record<string, unknown> = {}, by: Client = client) =>
  by.callTool({ name, arguments: args });

const groupOf: Record<string, "agent" | "support" | "admin"> = {
  chat_list_rooms: "agent",
  chat_get_messages: "agent",
  chat_search_messages: "agent",
  chat_send_message: "agent",
  chat_delete_message: "support",
  chat_list_members: "agent",
  chat_mute_user: "admin",
  chat_ban_user: "support",
  chat_unban_user: "admin",
};
const order = ["agent", "support", "admin"];

describe("the tools", () => {
  it("are the nine of the specification, with title, hints and schemas of keywords that every framework knows", async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(Object.keys(groupOf));
    for (const tool of tools) {
      expect(tool.title).toBeTruthy();
      expect(tool.description?.length).toBeGreaterThan(60);
      expect(tool.outputSchema).toMatchObject({ type: "object" });
      expect(JSON.stringify(tool.inputSchema)).not.toMatch(
        /"(\$schema|additionalProperties|anyOf|\$ref|const|default)":/,
      );
      expect(tool.annotations).toMatchObject({
        readOnlyHint: /list|get|search/.test(tool.name),
        destructiveHint: /delete|chat_ban/.test(tool.name),
        idempotentHint: tool.name !== "chat_send_message",
      });
    }
  });

  it("answer with structured content, and with the same as lines of text", async () => {
    const result = await call("chat_list_rooms");
    expect(result.structuredContent).toMatchObject({
      rooms: [{ name: "Phenom Internal" }, { name: "Phenom Partners" }, { name: "Phenom Community" }],
    });
    expect(textOf(result).split("\n")).toHaveLength(3);
    expect(textOf(result)).toContain("Phenom Internal: The Phenom team");
  });

  it.each([
    ["a time that is none", { created_at: "yesterday" }],
    ["a field too many", { secret_note: "not for agents" }],
    ["a field of another type", { is_active: "yes" }],
  ])("return nothing that the output schema does not allow: %s", async (_, wrong) => {
    const [room] = await backend.listRooms({ include_inactive: false }, new AbortController().signal);
    if (!room) throw new Error("there is no room");
    const broken = await startTestService({
      ...backend,
      listRooms: async () => [{ ...room, ...wrong } as Room],
      close: async () => {},
    });
    const visitor = await broken.connect();
    const result = await call("chat_list_rooms", {}, visitor);
    expect(result).toMatchObject({ isError: true });
    expect(textOf(result)).toMatch(/^internal: .* cannot read\.$/);
    const logged = broken.log.find(({ event }) => event === "tool_call");
    expect(logged).toMatchObject({
      level: "error",
      outcome: "internal",
      error: { message: expect.stringContaining("data/rooms/0") },
    });
    expect(JSON.stringify(logged)).not.toMatch(/yesterday|not for agents/);
    await visitor.close();
    await broken.stop();
  });

  it("send, find, delete and then hide a message", async () => {
    const user = await database.world.newUser();
    const room_id = await database.world.newRoom("Journey", [user]);
    const sent = await call("chat_send_message", { room_id, content: "pangolin sighted" });
    const { message } = sent.structuredContent as { message: { id: string } };
    expect((await call("chat_search_messages", { query: "pangolin" })).structuredContent).toMatchObject({
      messages: [{ id: message.id }],
    });
    expect((await call("chat_delete_message", { message_id: message.id })).structuredContent).toEqual({
      success: true,
      message_id: message.id,
    });
    expect((await call("chat_get_messages", { room_id })).structuredContent).toEqual({
      messages: [],
      users: {},
    });
    expect(
      (await call("chat_mute_user", { room_id, user_id: user, muted: true })).structuredContent,
    ).toMatchObject({
      member: { is_muted: true },
    });
    expect((await call("chat_ban_user", { room_id, user_id: user })).structuredContent).toMatchObject({
      ban: { user_id: user },
    });
    expect((await call("chat_unban_user", { room_id, user_id: user })).structuredContent).toEqual({
      success: true,
    });
    expect((await call("chat_list_members", { room_id })).structuredContent).toMatchObject({
      members: [{ user_id: database.world.agent }, { user_id: user }],
    });
  });

  it("take null and nothing for an optional argument as not given", async () => {
    const room_id = await database.world.newRoom("Nulls", []);
    const nothing = { limit: null, cursor: "" };
    expect((await call("chat_get_messages", { room_id, ...nothing })).isError).toBeUndefined();
    expect(
      (
        await call("chat_send_message", {
          room_id,
          content: "x",
          message_type: null,
          phenom_id: null,
          idempotency_key: "",
        })
      ).isError,
    ).toBeUndefined();
    expect(textOf(await call("chat_get_messages", { room_id, other: null }))).toContain("unknown argument");
    const answer = await service.post({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "chat_list_rooms", arguments: null },
    });
    expect(await answer.json()).toHaveProperty("result.structuredContent.rooms");
  });

  it("take a room id in capitals as the same room", async () => {
    const room_id = await database.world.newRoom("Capitals", []);
    const send = async (room: string) => {
      const sent = await call("chat_send_message", { room_id: room, content: "Hi", idempotency_key: "c" });
      return (sent.structuredContent as { message: { id: string } }).message.id;
    };
    expect(await send(room_id.toUpperCase())).toBe(await send(room_id));
  });

  it("refuse a time that no place has, and store none that cannot be read", async () => {
    const user_id = await database.world.newUser();
    const room_id = await database.world.newRoom("Times", [user_id]);
    const mute = (until: string) => call("chat_mute_user", { room_id, user_id, muted: true, until });
    expect(textOf(await mute("9999-12-31T23:59:59-05:00"))).toContain(
      "until: must lie in the years 1970 to 9999",
    );
    expect(textOf(await mute("2030-01-01T00:00:00+23:59"))).toContain("until: has an offset beyond");
    expect((await mute("9999-12-31T23:59Z")).isError).toBeUndefined();
    await database.sql("update chat_members set muted_until = 'infinity' where user_id = $1", [user_id]);
    expect((await call("chat_list_members", { room_id })).structuredContent).toMatchObject({
      members: expect.arrayContaining([expect.objectContaining({ user_id, is_muted: true })]),
    });
  });

  it("log which message a call sent, and how many a ban deleted", async () => {
    const user_id = await database.world.newUser();
    const room_id = await database.world.newRoom("Logged", [user_id]);
    await database.world.say(user_id, room_id, "spam");
    service.log.length = 0;
    const sent = await call("chat_send_message", { room_id, content: "Hi" });
    const { message } = sent.structuredContent as { message: { id: string } };
    await call("chat_ban_user", { room_id, user_id, delete_messages_since: "2001-01-01T00:00:00Z" });
    expect(service.log).toMatchObject([
      { event: "tool_call", tool: "chat_send_message", room_id, message_id: message.id },
      { event: "tool_call", tool: "chat_ban_user", deleted_messages: 1 },
      {
        level: "audit",
        tool: "chat_ban_user",
        target: { room_id, user_id, delete_messages_since: "2001-01-01T00:00:00Z" },
        deleted_messages: 1,
      },
    ]);
  });

  it("delete at most 1000 messages with one ban, and the rest when it is repeated, counted in the audit log", async () => {
    const user_id = await database.world.newUser();
    const room_id = await database.world.newRoom("A flood", [user_id]);
    await database.sql(
      "insert into chat_messages (room_id, user_id, content) select $1, $2, 'spam' from generate_series(1, 1001)",
      [room_id, user_id],
    );
    service.log.length = 0;
    const ban = () =>
      call("chat_ban_user", { room_id, user_id, delete_messages_since: "2001-01-01T00:00:00Z" });
    const results = [await ban(), await ban(), await ban()];
    expect(results.map((result) => result.structuredContent)).toMatchObject(
      [1000, 1, 0].map((deleted_messages) => ({ deleted_messages })),
    );
    expect(textOf(results[0])).toContain("Deleted 1000 messages; repeat the call until it deletes 0");
    expect(textOf(results[2])).toContain("Deleted 0 messages: none is left.");
    expect(
      service.log.filter(({ level }) => level === "audit").map((entry) => entry["deleted_messages"]),
    ).toEqual([1000, 1, 0]);
  });

  it("send one message per caller, room and key", async () => {
    const [one, two] = [await database.world.newRoom("Key 1", []), await database.world.newRoom("Key 2", [])];
    const other = await service.connect(token({ claims: { sub: "somebody-else" } }));
    const send = async (by: Client, room_id: string) => {
      const result = await call("chat_send_message", { room_id, content: "Hi", idempotency_key: "1" }, by);
      return (result.structuredContent as { message: { id: string } }).message.id;
    };
    const ids = [
      await send(client, one),
      await send(client, one),
      await send(client, two),
      await send(other, one),
    ];
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
    await other.close();
  });
});

describe("errors", () => {
  it("are results that name field, value and remedy", async () => {
    const result = await call("chat_get_messages", { room_id: "nowhere", limit: 1000, page: 2 });
    expect(result.isError).toBe(true);
    expect(textOf(result)).toBe(
      "invalid_argument: limit: must be from 1 to 100 (given: 1000); page: unknown argument.",
    );
    expect(result._meta).toMatchObject({
      "thephenom.app/error": { code: "invalid_argument", field: "limit" },
    });
  });

  it("tell only the first of many unknown arguments", async () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`x${n}`, n]));
    expect(textOf(await call("chat_list_rooms", many))).toBe(
      "invalid_argument: x0, x1, x2, x3, x4, x5, x6, x7, x8, x9 and 990 more: unknown argument.",
    );
  });

  it("of arguments nested more deeply than JSON.stringify goes are the caller's", async () => {
    const nested = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    for (const args of [nested, `{"room_id":${nested}}`, `{"room_id":"x","limit":{"x":${nested}}}`]) {
      const params = `{"name":"chat_get_messages","arguments":${args}}`;
      const answer = await service.post(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`);
      expect(textOf(z.object({ result: z.unknown() }).parse(await answer.json()).result)).toMatch(
        /^invalid_argument: .*given: a deeply nested value/,
      );
    }
  });

  it("of the chat's own rules have the rule's message", async () => {
    const room_id = await database.world.newInactiveRoom("Quiet");
    const result = await call("chat_send_message", { room_id, content: "Hello" });
    expect(textOf(result)).toBe("rejected: This room takes no new messages.");
  });

  it("of contradictory arguments tell which belongs to what", async () => {
    const room_id = await database.world.newRoom("Args", []);
    const text = async (name: string, args: Record<string, unknown>) => textOf(await call(name, args));
    expect(await text("chat_send_message", { room_id, content: "x", message_type: "phenom_link" })).toContain(
      "phenom_id: a phenom_link message needs one",
    );
    expect(await text("chat_send_message", { room_id, content: "x", phenom_id: "p" })).toContain(
      "phenom_id: belongs to a message of message_type",
    );
    expect(
      await text("chat_mute_user", { room_id, user_id: "u", muted: false, until: "2999-01-01T00:00:00Z" }),
    ).toContain("until: belongs to a mute");
    expect(await text("chat_search_messages", {})).toContain("query: give a query, a user_id or both");
    expect(
      await text("chat_get_messages", { room_id, around: "m", since: "2001-01-01T00:00:00Z" }),
    ).toContain("around: cannot be combined with since or until");
    const backwards = { since: "2030-01-01T00:00:00+02:00", until: "2029-12-31T22:00:00Z" };
    expect(await text("chat_get_messages", { room_id, ...backwards })).toContain(
      "until: must lie after since",
    );
    expect(await text("chat_search_messages", { query: "x", ...backwards })).toContain(
      "until: must lie after since",
    );
    expect(
      await text("chat_ban_user", { room_id, user_id: "u", expires_at: "2001-01-01T00:00:00Z" }),
    ).toContain("expires_at: must lie in the future");
  });

  it("of a message without anything that can be seen tell so", async () => {
    const room_id = await database.world.newRoom("Blank", []);
    for (const content of [" ", "\n\t", "\u200b\u200d\ufeff", "\u2800"])
      expect(textOf(await call("chat_send_message", { room_id, content }))).toContain(
        "content: holds nothing that can be seen",
      );
  });

  it("of an argument that is missing tell that it is required", async () => {
    expect(textOf(await call("chat_get_messages", {}))).toBe("invalid_argument: room_id: is required.");
    expect(textOf(await call("chat_get_messages", { room_id: "x" }))).toMatch(
      /chat_list_rooms gives the ids/,
    );
  });

  it("for an unknown tool name the known ones", async () => {
    await expect(call("chat_drop_table")).rejects.toThrow(/Unknown tool "chat_drop_table".*chat_list_rooms/);
  });
});

describe("a caller", () => {
  it.each(order)("in group %s sees and may use exactly the tools of the group", async (group) => {
    const by = await service.connect(token({ groups: [group] }));
    const allowed = Object.keys(groupOf).filter(
      (name) => order.indexOf(groupOf[name] ?? "") <= order.indexOf(group),
    );
    expect((await by.listTools()).tools.map(({ name }) => name)).toEqual(allowed);
    for (const name of Object.keys(groupOf)) {
      const refused = textOf(await call(name, {}, by)).startsWith("forbidden:");
      expect([name, refused]).toEqual([name, !allowed.includes(name)]);
    }
    await by.close();
  });

  it("is logged for each moderation, done or refused, without message content", async () => {
    const user = await database.world.newUser();
    const room_id = await database.world.newRoom("Audit", [user]);
    service.log.length = 0;
    await call("chat_ban_user", { room_id, user_id: user, reason: "Rude" });
    const by = await service.connect(token({ groups: ["agent"], claims: { sub: "curious" } }));
    await call("chat_delete_message", { message_id: "x" }, by);
    await call("chat_send_message", { room_id, content: "secret words" });
    await by.close();
    const audit = service.log.filter(({ level }) => level === "audit");
    expect(audit).toMatchObject([
      {
        caller: "caller-sub",
        tool: "chat_ban_user",
        target: { room_id, user_id: user, reason: "Rude" },
        result: "ok",
      },
      { caller: "curious", tool: "chat_delete_message", target: { message_id: "x" }, result: "forbidden" },
    ]);
    expect(JSON.stringify(service.log)).not.toContain("secret words");
  });
});

describe("the prompts", () => {
  it("are three, which a client lists and gets with their arguments", async () => {
    const { prompts } = await client.listPrompts();
    expect(prompts.map(({ name }) => name)).toEqual(["catch_up", "moderation_round", "find_person"]);
    for (const { name, arguments: args = [] } of prompts) {
      const given = Object.fromEntries(args.map((argument) => [argument.name, `my ${argument.name}`]));
      const { messages } = await client.getPrompt({ name, arguments: given });
      const text = JSON.stringify(messages);
      expect(messages).toMatchObject([{ role: "user", content: { type: "text" } }]);
      for (const value of Object.values(given)) expect(text).toContain(value);
      const known = (await client.listTools()).tools.map((tool) => tool.name);
      for (const [tool] of text.matchAll(/chat_\w+/g)) expect(known).toContain(tool);
    }
  });

  it("are refused without an argument, or by an unknown name", async () => {
    await expect(client.getPrompt({ name: "find_person" })).rejects.toThrow("name: is required.");
    await expect(client.getPrompt({ name: "fly" })).rejects.toThrow(/no such prompt.*catch_up/);
  });

  it.each([
    [null],
    [{}],
    [{ room: null, since: "" }],
    [{ room: " ", since: null }],
  ])("take null and nothing as not given: %j", async (args) => {
    const params = { name: "catch_up", arguments: args };
    const answer = await service.post({ jsonrpc: "2.0", id: 1, method: "prompts/get", params });
    expect(await answer.json()).toMatchObject({
      error: { code: -32602, message: "room, since: is required." },
    });
  });
});

describe("a read-only server", () => {
  it("offers only the reading tools, to administrators too", async () => {
    const readOnly = await startTestService({ ...backend, close: async () => {} }, { READ_ONLY: "true" });
    const by = await readOnly.connect();
    expect((await by.listTools()).tools.map(({ name }) => name)).toEqual([
      "chat_list_rooms",
      "chat_get_messages",
      "chat_search_messages",
      "chat_list_members",
    ]);
    expect(textOf(await call("chat_send_message", { room_id: "x", content: "x" }, by))).toContain(
      "read only",
    );
    await by.close();
    await readOnly.stop();
  });
});

describe("resources", () => {
  it("are the rooms and each room's recent messages", async () => {
    const user = await database.world.newUser();
    const room = await database.world.newRoom("As a resource", [user]);
    await database.world.say(user, room, "read me");
    const uri = `chat://rooms/${room}/messages`;
    const { resources } = await client.listResources();
    expect(resources[0]).toMatchObject({ uri: "chat://rooms" });
    expect(resources).toContainEqual(
      expect.objectContaining({ uri, title: "Recent messages in As a resource" }),
    );
    const read = async (address: string) => (await client.readResource({ uri: address })).contents[0];
    expect(await read("chat://rooms")).toMatchObject({ text: expect.stringContaining("Phenom Internal") });
    expect(await read(uri)).toMatchObject({
      mimeType: "text/plain",
      text: expect.stringContaining("read me"),
    });
    expect((await client.listResourceTemplates()).resourceTemplates).toMatchObject([
      { uriTemplate: "chat://rooms/{room_id}/messages" },
    ]);
  });

  it("that do not exist are refused by their URI", async () => {
    for (const uri of ["chat://nothing", "chat://rooms/%/messages", "file:///etc/passwd"])
      await expect(client.readResource({ uri })).rejects.toMatchObject({ code: -32002 });
    await expect(client.readResource({ uri: "chat://rooms/x/messages" })).rejects.toMatchObject({
      code: -32002,
      message: expect.stringContaining("not a UUID"),
    });
    await expect(
      client.readResource({ uri: `chat://rooms/${database.world.unknown.room}/messages` }),
    ).rejects.toMatchObject({ code: -32002 });
  });
});

describe("the metrics", () => {
  it("are in each call's log line, by tool and backend", async () => {
    service.log.length = 0;
    await call("chat_list_rooms");
    await call("chat_get_messages", {});
    const lines = service.log.filter(({ event }) => event === "tool_call");
    expect(lines).toMatchObject([
      {
        tool: "chat_list_rooms",
        backend: "postgres",
        outcome: "ok",
        Calls: 1,
        Errors: 0,
        caller: "caller-sub",
      },
      // What a caller did wrong is no error of the service.
      { tool: "chat_get_messages", outcome: "invalid_argument", Errors: 0 },
    ]);
    expect(lines[0]?.["_aws"]).toMatchObject({
      Timestamp: expect.any(Number),
      CloudWatchMetrics: [
        { Namespace: "PhenomChat/McpServer", Dimensions: [["tool", "backend"], ["backend"]] },
      ],
    });
  });
});
