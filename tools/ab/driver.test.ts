import { createServer, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { workload } from "../../test/ab/results.ts";
import { close, listen } from "../servers/listening.ts";
import { closedLoop, type DriverContext, openLoop, undoSanctions } from "./driver.ts";
import { type McpClient, mcpClient } from "./mcp-client.ts";
import { activeSanctions, dueWithin, type Operation, operations } from "./workload.ts";
import type { World } from "./world.ts";

interface Call {
  readonly tool: string;
  readonly args: Record<string, unknown>;
  readonly token: string;
}

/** A minimal MCP server: the tests set what it answers and when. */
let answer: (call: Call) => Promise<unknown> | unknown;
let status = 200;
let calls: Call[] = [];
let server: Server;
let client: McpClient;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const { id, params } = JSON.parse(await text(request));
    const call = { tool: params.name, args: params.arguments, token: String(request.headers.authorization) };
    calls.push(call);
    const result = await answer(call);
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
  });
  client = mcpClient(new URL(`http://127.0.0.1:${await listen(server)}/mcp`), ["one", "two"]);
});
afterAll(async () => {
  client.close();
  await close(server);
});

const world: World = {
  rooms: [0, 1, 2].map((room) => ({ id: `room-${room}`, people: ["p0", "p1", "p2", "p3"] })),
};
const context = (): DriverContext => ({ client, world, run: "x" });
const ok = ({ tool, args }: Call) => ({
  structuredContent:
    tool === "chat_send_message" ? { message: { id: `id of ${args["idempotency_key"]}` } } : {},
});
const start = (how: typeof answer) => {
  answer = how;
  status = 200;
  calls = [];
};
const send = (index: number, at: number): Operation => ({
  ...{ kind: "send", index, at, caller: index, room: 0, content: "Hello" },
});

describe("the open loop", () => {
  it("starts operations when they are due while the server stalls, and counts latency from then", async () => {
    let release = () => {};
    const stalled = new Promise<void>((resolve) => (release = resolve));
    start(async (call) => {
      if (calls.length === 3) release();
      await stalled;
      return ok(call);
    });
    const { samples, took } = await openLoop([send(0, 0), send(1, 40), send(2, 80)], context());
    expect(samples).toHaveLength(3);
    const latency = (at: number) => samples.find((sample) => sample.at === at)?.latency ?? 0;
    // The third call releases the first: a driver that waited for responses would never send it.
    expect(latency(0)).toBeGreaterThanOrEqual(79);
    expect(latency(40)).toBeGreaterThanOrEqual(39);
    expect(took).toBeGreaterThanOrEqual(80);
  });

  it("delays an operation until the earlier one on the same message has finished", async () => {
    start(ok);
    const deletion: Operation = { kind: "delete", index: 1, at: 0, caller: 12, message: 0, after: 0 };
    const { samples, sent } = await openLoop([send(0, 0), deletion], context());
    expect(samples.map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(calls.map(({ tool, args }) => [tool, args["message_id"]])).toEqual([
      ["chat_send_message", undefined],
      ["chat_delete_message", "id of x-0"],
    ]);
    expect(sent.get(0)).toEqual(new Set());
  });

  it("sends every operation once, and callers use the tokens in turn", async () => {
    const list = dueWithin(operations({ ...workload, messagesPerSecond: 200 }), 0.3);
    start(ok);
    await openLoop(list, context());
    expect(calls).toHaveLength(list.length);
    expect(new Set(calls.map(({ token }) => token))).toEqual(new Set(["Bearer one", "Bearer two"]));
    const keys = calls.flatMap(({ args }) => args["idempotency_key"] ?? []);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("a failed operation", () => {
  it("is counted by the tool's error code or by the HTTP status", async () => {
    start(() => ({
      isError: true,
      content: [{ type: "text", text: "rejected: no" }],
      _meta: { "thephenom.app/error": { code: "rejected" } },
    }));
    expect((await openLoop([send(0, 0)], context())).samples[0]?.error).toBe("rejected");
    start(ok);
    status = 429;
    const { samples, sent } = await openLoop([send(0, 0)], context());
    expect(samples[0]?.error).toBe("http_429");
    expect(sent.get(0)?.size).toBe(0);
  });

  it("is counted as connection if no server listens", async () => {
    const nobody = mcpClient(new URL("http://127.0.0.1:1/mcp"), ["one"]);
    const { samples } = await openLoop([send(0, 0)], { ...context(), client: nobody });
    expect(samples[0]?.error).toBe("connection");
    nobody.close();
  });
});

it("the closed loop keeps the set number of callers busy all the time", async () => {
  let running = 0;
  let most = 0;
  start(async (call) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    return ok(call);
  });
  const sequence = operations({ ...workload, moderationShare: 0 });
  const { samples, took, done } = await closedLoop(sequence, { callers: 3, seconds: 0.2 }, context());
  expect(most).toBe(3);
  expect(took).toBeGreaterThanOrEqual(200);
  expect(samples).toHaveLength(done.length);
});

it("active mutes and bans are undone", async () => {
  const left = activeSanctions(dueWithin(operations({ ...workload, moderationShare: 1 }), 2));
  expect(left.length).toBeGreaterThan(0);
  start(ok);
  await undoSanctions(left, context());
  expect(calls.map(({ tool, args }) => (tool === "chat_mute_user" ? args["muted"] : tool))).toEqual(
    left.map(({ kind }) => (kind === "mute" ? false : "chat_unban_user")),
  );
});
