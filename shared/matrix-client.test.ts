import { createServer, type IncomingMessage, type Server } from "node:http";
import { afterEach, describe, expect, it } from "@jest/globals";
import * as z from "zod";
import { listen } from "../tools/servers/listening.ts";
import { MatrixError } from "./matrix.ts";
import { matrixClient } from "./matrix-client.ts";

const anything = z.unknown();
const times = { reply: 10_000, attempts: 20_000, pause: 10 };

describe("a request to the homeserver", () => {
  let server: Server | undefined;
  const asked: IncomingMessage[] = [];
  afterEach(() => {
    server?.close();
    server?.closeAllConnections();
    asked.length = 0;
  });

  /** Answers one after the other; the last one for good. `undefined` hangs up. */
  async function answers(...replies: ([status: number, body: unknown] | undefined)[]) {
    server = createServer((incoming, response) => {
      const reply = replies[Math.min(asked.length, replies.length - 1)];
      asked.push(incoming);
      if (!reply) return incoming.socket.destroy();
      const [status, body] = reply;
      response.writeHead(status).end(typeof body === "string" ? body : JSON.stringify(body));
    });
    return matrixClient(`http://127.0.0.1:${await listen(server)}`, "the-token", times);
  }
  const limited = (retry_after_ms?: number): [number, unknown] => [
    429,
    { errcode: "M_LIMIT_EXCEEDED", error: "Too many", retry_after_ms },
  ];

  it("is repeated after the time that the homeserver's rate limit names", async () => {
    const client = await answers(limited(150), limited(), [200, { done: true }]);
    const began = performance.now();
    expect(await client.request("PUT", "/x", anything, {})).toEqual({ done: true });
    expect(performance.now() - began).toBeGreaterThan(140);
    expect(asked).toHaveLength(3);
    expect(asked[2]?.headers.authorization).toBe("Bearer the-token");
  });

  it("fails at once if the rate limit lasts longer than the deadline", async () => {
    const client = await answers(limited(60_000));
    await expect(client.request("GET", "/x", anything)).rejects.toThrow("429 M_LIMIT_EXCEEDED: Too many");
    expect(asked).toHaveLength(1);
  });

  it.each<[string, [number, unknown] | undefined]>([
    ["whose connection breaks", undefined],
    ["that fails in the homeserver", [500, "<html>no JSON</html>"]],
    ["that a proxy answers meanwhile", [502, "Bad Gateway"]],
  ])("%s is repeated", async (_, failure) => {
    const client = await answers(failure, [200, {}]);
    expect(await client.request("GET", "/x", anything)).toEqual({});
  });

  it.each([
    400, 401, 403, 404, 409,
  ])("that is refused with %i is not repeated, and the error names the request", async (status) => {
    const client = await answers([status, { errcode: "M_SOME", error: "why" }]);
    const error = await client.request("GET", "/x", anything).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MatrixError);
    expect(String(error)).toContain(`GET /x was answered with ${status} M_SOME: why`);
    expect(asked).toHaveLength(1);
  });

  it("finds nothing on 404", async () => {
    const client = await answers([404, { errcode: "M_NOT_FOUND" }]);
    expect(await client.find("/x", anything)).toBeUndefined();
  });

  it("fails after its attempts if nobody listens", async () => {
    const client = matrixClient("http://127.0.0.1:1", undefined, { ...times, attempts: 50 });
    await expect(client.request("GET", "/x", anything)).rejects.toThrow(
      /GET \/x was answered with 0 no answer: /,
    );
  });
});
