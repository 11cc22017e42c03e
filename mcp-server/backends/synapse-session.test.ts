import { createServer, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { listen } from "../../tools/servers/listening.ts";
import { DEVICE, synapseSession } from "./synapse-session.ts";

/** Answers that a homeserver whose limits are far lower would give; the real one's are in the end-to-end tests. */
let answers: { status: number; body: unknown }[];
let requests: unknown[];
let server: Server;
let url: string;
beforeEach(async () => {
  [answers, requests] = [[], []];
  server = createServer(async (request, response) => {
    requests.push(JSON.parse(await text(request)));
    const answer = answers.shift() ?? { status: 200, body: { access_token: `token-${requests.length}` } };
    response.writeHead(answer.status).end(JSON.stringify(answer.body));
  });
  url = `http://127.0.0.1:${await listen(server)}`;
});
afterEach(() => {
  server.close();
});

let clock = 0;
const open = () => synapseSession({ url, username: "phenom-mcp", password: "secret" }, () => clock);

it("many waiting calls cause one sign-in, on the device of all servers", async () => {
  const session = open();
  expect(await Promise.all([1, 2, 3].map(() => session.token()))).toEqual(Array(3).fill("token-1"));
  expect(requests).toMatchObject([{ type: "m.login.password", device_id: DEVICE.device_id }]);
});

it("a refused token of many calls is replaced once", async () => {
  const session = open();
  const token = await session.token();
  session.forget(token);
  expect(await session.token()).toBe("token-2");
  session.forget(token);
  expect(await session.token()).toBe("token-2");
});

it("a throttled sign-in tells the time to wait, and is not repeated before it", async () => {
  const session = open();
  answers.push({ status: 429, body: { errcode: "M_LIMIT_EXCEEDED", retry_after_ms: 8000 } });
  await expect(session.token()).rejects.toMatchObject({ code: "unavailable", retryAfterMs: 8000 });
  clock += 3000;
  await expect(session.token()).rejects.toMatchObject({ code: "unavailable", retryAfterMs: 5000 });
  expect(requests).toHaveLength(1);
  expect(session.problem()).toBe("agent_sign_in_throttled");
  clock += 5000;
  expect(await session.token()).toBe("token-2");
  expect(session.problem()).toBeUndefined();
});

it("a refused sign-in is repeated after a minute, and its error shows no password", async () => {
  const session = open();
  answers.push({ status: 403, body: { errcode: "M_FORBIDDEN", error: "Invalid username or password" } });
  const error = await session.token().catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "unavailable", retryAfterMs: 60_000 });
  expect(JSON.stringify(error) + String(error)).not.toContain("secret");
  expect(session.problem()).toBe("agent_sign_in_refused");
  clock += 60_000;
  expect(await session.token()).toBe("token-2");
});

it("a sign-in that fails in the homeserver is repeated at the next call", async () => {
  const session = open();
  answers.push({ status: 500, body: {} });
  await expect(session.token()).rejects.toMatchObject({ code: "unavailable" });
  expect(await session.token()).toBe("token-2");
});
