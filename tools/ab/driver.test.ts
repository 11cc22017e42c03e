import { createServer, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { workload } from "../../test/ab/results.ts";
import { close, listen } from "../servers/listening.ts";
import { atSetRate, lift, withoutPause } from "./driver.ts";
import { type McpClient, mcpClient } from "./mcp-client.ts";
import { leftovers, type Operation, operations, within } from "./workload.ts";
import type { World } from "./world.ts";

interface Call {
  readonly tool: string;
  readonly args: Record<string, unknown>;
  readonly token: string;
}

/** An MCP server of a few lines: what matters here is when it answers, and what. */
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

describe("at the set rate", () => {
  it("a server that stalls holds up none of what is due later, and the waiting counts from when it was due", async () => {
    let release = () => {};
    const stalled = new Promise<void>((resolve) => (release = resolve));
    start(async (call) => {
      if (calls.length === 3) release();
      await stalled;
      return ok(call);
    });
    const { samples, took } = await atSetRate([send(0, 0), send(1, 40), send(2, 80)], client, world, "x");
    expect(samples).toHaveLength(3);
    const latency = (at: number) => samples.find((sample) => sample.at === at)?.latency ?? 0;
    // The third call is what lets the first go on: a driver that waited for answers would never have come to it.
    expect(latency(0)).toBeGreaterThanOrEqual(79);
    expect(latency(40)).toBeGreaterThanOrEqual(39);
    expect(took).toBeGreaterThanOrEqual(80);
  });

  it("what is about the same message or person waits for what was before", async () => {
    start(ok);
    const deletion: Operation = { kind: "delete", index: 1, at: 0, caller: 12, message: 0, after: 0 };
    const { samples, sent } = await atSetRate([send(0, 0), deletion], client, world, "x");
    expect(samples.map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(calls.map(({ tool, args }) => [tool, args["message_id"]])).toEqual([
      ["chat_send_message", undefined],
      ["chat_delete_message", "id of x-0"],
    ]);
    expect(sent.get(0)).toEqual(new Set());
  });

  it("both get the same calls, and callers share the tokens in turn", async () => {
    const list = within(operations({ ...workload, messagesPerSecond: 200 }), 0.3);
    start(ok);
    await atSetRate(list, client, world, "x");
    expect(calls).toHaveLength(list.length);
    expect(new Set(calls.map(({ token }) => token))).toEqual(new Set(["Bearer one", "Bearer two"]));
    const keys = calls.flatMap(({ args }) => args["idempotency_key"] ?? []);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("what fails", () => {
  it("is counted by the tool's code, and by the status of a refusal", async () => {
    start(() => ({
      isError: true,
      content: [{ type: "text", text: "rejected: no" }],
      _meta: { "thephenom.app/error": { code: "rejected" } },
    }));
    expect((await atSetRate([send(0, 0)], client, world, "x")).samples[0]?.error).toBe("rejected");
    start(ok);
    status = 429;
    const { samples, sent } = await atSetRate([send(0, 0)], client, world, "x");
    expect(samples[0]?.error).toBe("http_429");
    expect(sent.get(0)?.size).toBe(0);
  });

  it("is a connection that nobody takes", async () => {
    const nobody = mcpClient(new URL("http://127.0.0.1:1/mcp"), ["one"]);
    const { samples } = await atSetRate([send(0, 0)], nobody, world, "x");
    expect(samples[0]?.error).toBe("connection");
    nobody.close();
  });
});

it("without a pause as many callers as were asked for are busy all the time", async () => {
  let running = 0;
  let most = 0;
  start(async (call) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    return ok(call);
  });
  const sequence = operations({ ...workload, moderationShare: 0 });
  const { samples, took, done } = await withoutPause(
    sequence,
    { callers: 3, seconds: 0.2 },
    client,
    world,
    "x",
  );
  expect(most).toBe(3);
  expect(took).toBeGreaterThanOrEqual(200);
  expect(samples).toHaveLength(done.length);
});

it("mutes and bans that are left over are lifted", async () => {
  const left = leftovers(within(operations({ ...workload, moderationShare: 1 }), 2));
  expect(left.length).toBeGreaterThan(0);
  start(ok);
  await lift(left, client, world);
  expect(calls.map(({ tool, args }) => (tool === "chat_mute_user" ? args["muted"] : tool))).toEqual(
    left.map(({ kind }) => (kind === "mute" ? false : "chat_unban_user")),
  );
});
