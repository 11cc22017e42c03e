import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { buildSchema } from "graphql";
import * as z from "zod";
import {
  contentQuery,
  type LinkPreviewWorld,
  startLinkPreviewWorld,
} from "../../test/lambdas/link-preview.ts";
import { outboxEvent } from "../../test/lambdas/link-preview-events.ts";
import { startGraphqlServer } from "../../tools/servers/hasura-admin.ts";

let world: LinkPreviewWorld;
beforeAll(async () => {
  world = await startLinkPreviewWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.reset());

describe("the function drops with 200 and a reason", () => {
  it("an event whose id the backend does not know", async () => {
    expect(await world.call(outboxEvent("unknown"))).toMatchObject({
      statusCode: 200,
      body: { outcome: "dropped", reason: "unknown id", phenomId: "unknown" },
    });
    expect(await world.previews()).toEqual([]);
    expect(world.lambda.logs.at(-1)).toMatchObject({
      level: "WARN",
      Outcome: "dropped",
      reason: "unknown id",
      hasuraRetries: false,
    });
  });

  it("an event whose id is not in the backend's form", async () => {
    world.hasura.disturbance = (query) =>
      query === contentQuery
        ? {
            status: 200,
            body: JSON.stringify({
              errors: [
                {
                  extensions: { code: "data-exception", path: "$" },
                  message: 'invalid input syntax for type uuid: "abc123"',
                },
              ],
            }),
          }
        : undefined;
    expect((await world.call(outboxEvent("abc123"))).body).toMatchObject({ outcome: "dropped" });
  });

  const sample = outboxEvent("abc123");
  it.each([
    ["no JSON", "{"],
    ["nothing", ""],
    ["null", "null"],
    ["an array", "[]"],
    ["no event", "{}"],
    ["an id that is no text", outboxEvent(7)],
    ["an empty id", outboxEvent("")],
    ["an id that leaves the template's path", outboxEvent("..")],
    ["an id of 256 characters", outboxEvent("x".repeat(256))],
    ["an id with half a character", JSON.stringify(outboxEvent("x")).replace('"x"', '"\\ud800"')],
    ["another table", { ...sample, table: { schema: "public", name: "users" } }],
    ["an update", { ...sample, event: { ...sample.event, op: "UPDATE" } }],
    ["a polluted prototype", '{"__proto__":{"id":"1"},"constructor":{}}'],
  ])("an event whose payload has %s", async (_, payload) => {
    expect(await world.call(payload)).toMatchObject({
      statusCode: 200,
      body: { outcome: "dropped", reason: expect.stringContaining("malformed payload") },
    });
    expect(world.hasura.requests).toEqual([]);
  });
});

describe("the function answers so that Hasura delivers the event again after", () => {
  it.each([
    ["an answer 500", { status: 500, body: "oops" }],
    ["an answer 502 in HTML", { status: 502, body: "<html>" }],
    ["an error in GraphQL", { status: 200, body: '{"errors":[{"message":"database is down"}]}' }],
    ["an answer that is no GraphQL", { status: 200, body: "[1]" }],
    ["an answer without end", { status: 200, body: "x".repeat(300_000) }],
  ])("%s", async (_, disturbance) => {
    world.hasura.disturbance = () => disturbance;
    expect(await world.call(outboxEvent("abc123"))).toMatchObject({
      statusCode: 503,
      body: { outcome: "failed" },
    });
    expect(world.lambda.logs.at(-1)).toMatchObject({
      level: "ERROR",
      Outcome: "failed",
      hasuraRetries: true,
    });
    world.hasura.disturbance = undefined;
    expect(await world.call(outboxEvent("abc123", 1))).toMatchObject({ statusCode: 200 });
    expect(await world.previews()).toHaveLength(1);
  });

  it("no answer at all, before Lambda ends the invocation", async () => {
    const other = world.start({ TEST_LAMBDA_TIMEOUT_MS: "1500" });
    world.hasura.disturbance = () => "hang";
    expect((await world.call(outboxEvent("abc123"), { on: other })).statusCode).toBe(503);
    expect(other.logs.at(-2)?.["error"]).toMatchObject({ name: "TimeoutError" });
    // Well before the ten seconds that an invocation has at most.
    expect(Number(other.logs.at(-1)?.["Duration"])).toBeLessThan(8000);
    await other.stop();
  });

  it("a refused connection to Hasura", async () => {
    const gone = await startGraphqlServer(buildSchema("type Query { x: Int }"), {});
    await gone.stop();
    const other = world.start({ HASURA_ENDPOINT: gone.endpoint });
    expect((await world.call(outboxEvent("abc123"), { on: other })).statusCode).toBe(503);
    expect(other.logs.at(-2)?.["error"]).toMatchObject({
      message: "fetch failed",
      cause: { code: "ECONNREFUSED" },
    });
    await other.stop();
  });

  it("a secret that cannot be read", async () => {
    await world.coldStart();
    world.aws.secrets.clear();
    expect((await world.call(outboxEvent("abc123"))).statusCode).toBe(503);
    expect(world.lambda.logs.at(-2)?.["error"]).toMatchObject({ name: "ResourceNotFoundException" });
  });

  it.each([
    ["asks for a field the backend lacks", contentQuery.replace("title", "title headline")],
    ["has two root fields", contentQuery.replace("phenoms_by_pk", "a: __typename title: phenoms_by_pk")],
  ])("a content query that %s", async (_, query) => {
    const other = world.start({ CONTENT_QUERY: query });
    expect((await world.call(outboxEvent("abc123"), { on: other })).statusCode).toBe(503);
    await other.stop();
  });

  it("a wrong configuration, with all mistakes named and no secret shown", async () => {
    const other = world.start({
      HASURA_ENDPOINT: "ftp://hasura",
      HASURA_ADMIN_SECRET_ARN: "the-admin-secret-itself",
      WEBHOOK_SECRET_ARN: undefined,
      CONTENT_ENDPOINT: "https://user:pass@backend",
      CONTENT_QUERY: "query { x }",
      CONTENT_URL_TEMPLATE: "https://thephenom.app/",
    });
    expect((await world.call(outboxEvent("abc123"), { on: other })).statusCode).toBe(500);
    const error = z
      .object({ name: z.literal("ConfigurationError"), message: z.string() })
      .parse(other.logs[0]?.["error"]);
    expect(error.message.match(/(?<=^- )[A-Z_]+(?= )/gm)).toEqual([
      "HASURA_ENDPOINT",
      "HASURA_ADMIN_SECRET_ARN",
      "WEBHOOK_SECRET_ARN",
      "CONTENT_ENDPOINT",
      "CONTENT_QUERY",
      "CONTENT_URL_TEMPLATE",
    ]);
    expect(JSON.stringify(error)).not.toMatch(/itself|user:pass/);
    await other.stop();
  });
});
