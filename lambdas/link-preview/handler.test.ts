import { buildSchema } from "graphql";
import { Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { applyMigrations } from "../../migrations/apply.ts";
import { type PostgresServer, startPostgres } from "../../test/postgres.ts";
import { type AwsServer, startAws } from "../test/aws.ts";
import { type HasuraServer, startGraphqlServer, startHasura } from "../test/graphql-server.ts";
import { type Bundle, bundle, type LambdaProcess, startLambda } from "../test/lambda-process.ts";
import { httpRequest, outboxEvent } from "../test/link-preview-events.ts";

const adminSecretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hasura-admin-AbCdEf";
const webhookSecretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:webhook-AbCdEf";
const contentQuery =
  "query ($id: String!) { phenoms_by_pk(id: $id) { title description thumbnail_url media_type } }";

const phenom = {
  title: "Light over the bay",
  description: "Seen from the pier",
  thumbnail_url: "https://cdn.thephenom.app/t/abc123.jpg",
  media_type: "video",
};

const answer = z.strictObject({
  statusCode: z.int(),
  headers: z.record(z.string(), z.string()),
  body: z.string().transform((text) => z.record(z.string(), z.unknown()).parse(JSON.parse(text))),
});

let postgres: PostgresServer;
let database: Pool;
let aws: AwsServer;
let hasura: HasuraServer;
let built: Bundle;
let lambda: LambdaProcess;
/** What the Phenom backend knows, by id. */
const phenoms = new Map<string, unknown>();
const content = { phenoms_by_pk: ({ id }: Record<string, unknown>) => phenoms.get(String(id)) ?? null };

const start = (environment: Record<string, string | undefined> = {}) => {
  const all = {
    ...aws.environment,
    HASURA_ENDPOINT: hasura.endpoint,
    HASURA_ADMIN_SECRET_ARN: adminSecretArn,
    WEBHOOK_SECRET_ARN: webhookSecretArn,
    CONTENT_QUERY: contentQuery,
    ...environment,
  };
  const given = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return startLambda(built.file, Object.fromEntries(given));
};

const call = async (body: unknown, { secret = "webhook-secret", on = lambda } = {}) =>
  answer.parse(
    await on.invoke(
      httpRequest(typeof body === "string" ? body : JSON.stringify(body), {
        "x-chat-webhook-secret": secret,
      }),
    ),
  );

const previews = async () => (await database.query("select * from link_previews order by phenom_id")).rows;

beforeAll(async () => {
  postgres = await startPostgres();
  const connection = await postgres.createDatabase();
  await applyMigrations(connection);
  database = new Pool({ ...connection, max: 4 });
  // Connections that are closing when the server stops.
  database.on("error", () => {});
  aws = await startAws();
  hasura = await startHasura(database, content);
  built = await bundle("link-preview");
  lambda = start();
});
afterAll(async () => {
  await lambda.stop();
  await built.remove();
  await hasura.stop();
  await aws.stop();
  await database.end();
  await postgres.stop();
});
beforeEach(async () => {
  await database.query("truncate link_previews, chat_link_preview_requests");
  phenoms.clear();
  phenoms.set("abc123", phenom);
  aws.disturbance = undefined;
  aws.secrets.set(adminSecretArn, hasura.adminSecret).set(webhookSecretArn, "webhook-secret");
  hasura.disturbance = undefined;
  hasura.requests.length = 0;
  aws.calls.length = 0;
});

/** For tests in which it matters what a process has already read or logged. */
const coldStart = async () => {
  await lambda.stop();
  lambda = start();
};

describe("an event of the outbox", () => {
  test("stores the preview of the content with the template's URL and a day to live, and closes the request", async () => {
    await database.query("insert into chat_link_preview_requests (phenom_id) values ('abc123'), ('abc123')");
    expect(await call(outboxEvent("abc123"))).toMatchObject({ statusCode: 200, body: { outcome: "stored" } });
    const [row, ...more] = await previews();
    expect(more).toEqual([]);
    expect(row).toMatchObject({
      ...phenom,
      phenom_id: "abc123",
      url: "https://thephenom.app/phenom/abc123",
    });
    expect(row.expires_at - row.resolved_at).toBe(24 * 60 * 60 * 1000);
    const { rows } = await database.query("select from chat_link_preview_requests");
    expect(rows).toEqual([]);
  });

  test("delivered again finds the preview and does not ask for the content", async () => {
    await call(outboxEvent("abc123"));
    const before = await previews();
    hasura.requests.length = 0;
    expect(await call(outboxEvent("abc123", 1))).toMatchObject({
      statusCode: 200,
      body: { outcome: "cached", retry: 1 },
    });
    expect(hasura.requests.map(({ query }) => query.match(/\w+/g)?.[1])).toEqual(["FreshPreview"]);
    expect(await previews()).toEqual(before);
  });

  test("finds a preview that never expires", async () => {
    await database.query("insert into link_previews (url, phenom_id) values ('u', 'abc123')");
    expect((await call(outboxEvent("abc123"))).body).toMatchObject({ outcome: "cached" });
  });

  test("replaces a preview that expired", async () => {
    await database.query(
      `insert into link_previews (url, phenom_id, title, resolved_at, expires_at)
       values ('old', 'abc123', 'old', now() - interval '2 days', now() - interval '1 day')`,
    );
    expect((await call(outboxEvent("abc123"))).body).toMatchObject({ outcome: "stored" });
    expect(await previews()).toMatchObject([{ title: phenom.title }]);
  });

  test("that resolves later than another started after it leaves the newer preview", async () => {
    phenoms.set("abc123", async () => {
      await database.query(
        `insert into link_previews (url, phenom_id, title, resolved_at)
         values ('newer', 'abc123', 'newer', now() + interval '1 second')`,
      );
      return phenom;
    });
    const resolving = { ...content, phenoms_by_pk: () => Object(phenoms.get("abc123"))() };
    const slow = await startHasura(database, resolving);
    const other = start({ HASURA_ENDPOINT: slow.endpoint });
    expect((await call(outboxEvent("abc123"), { on: other })).body).toMatchObject({ outcome: "superseded" });
    expect(await previews()).toMatchObject([{ title: "newer" }]);
    await other.stop();
    await slow.stop();
  });

  test("that comes many times at once stores one preview", async () => {
    const others = Array.from({ length: 3 }, () => start());
    const answers = await Promise.all([lambda, ...others].map((on) => call(outboxEvent("abc123"), { on })));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200]);
    expect(await previews()).toMatchObject([phenom]);
    await Promise.all(others.map((other) => other.stop()));
  });

  test("reads both secrets once, not once an event", async () => {
    await coldStart();
    await call(outboxEvent("abc123"));
    await call(outboxEvent("abc123"));
    expect(aws.calls).toEqual(["GetSecretValue", "GetSecretValue"]);
  });

  test("is read from a Base64 body, too", async () => {
    const body = JSON.stringify(outboxEvent("abc123"));
    const request = httpRequest(Buffer.from(body).toString("base64"), {
      "x-chat-webhook-secret": "webhook-secret",
    });
    expect(answer.parse(await lambda.invoke({ ...request, isBase64Encoded: true })).statusCode).toBe(200);
  });
});

describe("content", () => {
  test.each([
    ["a/../b?c#d", "https://thephenom.app/phenom/a%2F..%2Fb%3Fc%23d"],
    ["$&$1", "https://thephenom.app/phenom/%24%26%241"],
    ["ünï 🛸", "https://thephenom.app/phenom/%C3%BCn%C3%AF%20%F0%9F%9B%B8"],
  ])("with the id %s gets a URL of its own", async (id, url) => {
    phenoms.set(id, phenom);
    await call(outboxEvent(id));
    expect(await previews()).toMatchObject([{ phenom_id: id, url }]);
  });

  test("is cut to what a card can hold, and its picture is a web address or none", async () => {
    phenoms.set("abc123", {
      title: "🛸".repeat(400),
      description: "d".repeat(5000),
      thumbnail_url: "javascript:alert(1)",
      media_type: null,
    });
    await call(outboxEvent("abc123"));
    expect(await previews()).toMatchObject([
      { title: "🛸".repeat(300), description: "d".repeat(1000), thumbnail_url: null, media_type: null },
    ]);
  });

  test("may come as a list from a query by condition", async () => {
    const schema = buildSchema(`
      type Query { items(where: String!): [item!]! }
      type item { title: String description: String thumbnail_url: String media_type: String }`);
    const backend = await startGraphqlServer(schema, {
      items: ({ where }) => (where === "abc123" ? [phenom] : []),
    });
    const other = start({
      CONTENT_ENDPOINT: backend.endpoint,
      CONTENT_QUERY:
        "query ($id: String!) { items(where: $id) { title description thumbnail_url media_type } }",
    });
    expect((await call(outboxEvent("abc123"), { on: other })).body).toMatchObject({ outcome: "stored" });
    expect((await call(outboxEvent("none"), { on: other })).body).toMatchObject({ reason: "unknown id" });
    await other.stop();
    await backend.stop();
  });
});

describe("Hasura's admin secret", () => {
  test("goes to no other endpoint than Hasura's, nor to where that leads", async () => {
    const backend = await startGraphqlServer(
      buildSchema(`type Query { phenoms_by_pk(id: String!): item }
        type item { title: String description: String thumbnail_url: String media_type: String }`),
      content,
    );
    const other = start({ CONTENT_ENDPOINT: backend.endpoint });
    expect((await call(outboxEvent("abc123"), { on: other })).body).toMatchObject({ outcome: "stored" });
    expect(backend.requests).toHaveLength(1);
    expect(JSON.stringify(backend.requests)).not.toContain("secret");

    backend.requests.length = 0;
    hasura.disturbance = () => ({ status: 307, body: "", headers: { location: backend.endpoint } });
    expect((await call(outboxEvent("abc123"))).statusCode).toBe(503);
    expect(backend.requests).toEqual([]);
    await other.stop();
    await backend.stop();
  });

  test("is read again once it was rotated", async () => {
    await coldStart();
    await call(outboxEvent("first"));
    hasura.adminSecret = "rotated";
    aws.secrets.set(adminSecretArn, "rotated");
    expect((await call(outboxEvent("abc123"))).body).toMatchObject({ outcome: "stored" });
    hasura.adminSecret = "hasura-admin-secret";
  });

  test("that is wrong lets Hasura deliver the event again", async () => {
    await coldStart();
    aws.secrets.set(adminSecretArn, "wrong");
    expect((await call(outboxEvent("abc123"))).statusCode).toBe(503);
  });
});

describe("a caller", () => {
  beforeAll(coldStart);
  test.each([
    "",
    "webhook",
    "webhook-secret ",
    "WEBHOOK-SECRET",
    "ẘ".repeat(5000),
  ])("who shows %j is turned away before anything else", async (secret) => {
    expect(await call("not JSON", { secret })).toMatchObject({
      statusCode: 401,
      body: { outcome: "unauthorized" },
    });
    expect(hasura.requests).toEqual([]);
  });

  test("who shows none is turned away, and so is an event that is no request", async () => {
    const request = httpRequest("{}", {});
    for (const event of [request, { ...request, headers: undefined }, {}, null, "event"])
      expect(answer.parse(await lambda.invoke(event)).statusCode).toBe(401);
  });

  test("who shows the new secret after a rotation is let in, the old one no longer", async () => {
    await coldStart();
    await call(outboxEvent("abc123"));
    aws.secrets.set(webhookSecretArn, "rotated");
    expect((await call(outboxEvent("abc123"), { secret: "rotated" })).statusCode).toBe(200);
    expect((await call(outboxEvent("abc123"))).statusCode).toBe(401);
  });

  test("who guesses again and again does not make us read the secret each time", async () => {
    await coldStart();
    for (let guess = 0; guess < 20; guess++) await call("{}", { secret: `guess ${guess}` });
    expect(aws.calls.length).toBe(2);
  });
});

describe("what can never succeed is dropped with 200 and a reason:", () => {
  beforeAll(coldStart);
  test("an id that the backend does not know", async () => {
    expect(await call(outboxEvent("unknown"))).toMatchObject({
      statusCode: 200,
      body: { outcome: "dropped", reason: "unknown id", phenomId: "unknown" },
    });
    expect(await previews()).toEqual([]);
    expect(lambda.logs.at(-1)).toMatchObject({
      level: "WARN",
      Outcome: "dropped",
      reason: "unknown id",
      hasuraRetries: false,
    });
  });

  test("an id that has not the form of the backend's ids", async () => {
    hasura.disturbance = (query) =>
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
    expect((await call(outboxEvent("abc123"))).body).toMatchObject({ outcome: "dropped" });
  });

  const sample = outboxEvent("abc123");
  test.each([
    ["no JSON", "{"],
    ["nothing", ""],
    ["null", "null"],
    ["an array", "[]"],
    ["no event", "{}"],
    ["an id that is no text", outboxEvent(7)],
    ["an empty id", outboxEvent("")],
    ["an id of 256 characters", outboxEvent("x".repeat(256))],
    ["an id with half a character", JSON.stringify(outboxEvent("x")).replace('"x"', '"\\ud800"')],
    ["another table", { ...sample, table: { schema: "public", name: "users" } }],
    ["an update", { ...sample, event: { ...sample.event, op: "UPDATE" } }],
    ["a polluted prototype", '{"__proto__":{"id":"1"},"constructor":{}}'],
  ])("a payload with %s", async (_, payload) => {
    expect(await call(payload)).toMatchObject({
      statusCode: 200,
      body: { outcome: "dropped", reason: expect.stringContaining("malformed payload") },
    });
    expect(hasura.requests).toEqual([]);
  });
});

describe("what can succeed later is answered so that Hasura delivers it again:", () => {
  test.each([
    ["an answer 500", { status: 500, body: "oops" }],
    ["an answer 502 in HTML", { status: 502, body: "<html>" }],
    ["an error in GraphQL", { status: 200, body: '{"errors":[{"message":"database is down"}]}' }],
    ["an answer that is no GraphQL", { status: 200, body: "[1]" }],
    ["an answer without end", { status: 200, body: "x".repeat(300_000) }],
  ])("%s", async (_, disturbance) => {
    hasura.disturbance = () => disturbance;
    expect(await call(outboxEvent("abc123"))).toMatchObject({ statusCode: 503, body: { outcome: "failed" } });
    expect(lambda.logs.at(-1)).toMatchObject({ level: "ERROR", Outcome: "failed", hasuraRetries: true });
    hasura.disturbance = undefined;
    expect(await call(outboxEvent("abc123", 1))).toMatchObject({ statusCode: 200 });
    expect(await previews()).toHaveLength(1);
  });

  test("silence, after ten seconds", { timeout: 20_000 }, async () => {
    hasura.disturbance = () => "hang";
    expect((await call(outboxEvent("abc123"))).statusCode).toBe(503);
    expect(lambda.logs.at(-2)?.["error"]).toMatch(/timeout/i);
    expect(Number(lambda.logs.at(-1)?.["Duration"])).toBeLessThan(11_000);
  });

  test("no Hasura at all", async () => {
    const gone = await startGraphqlServer(buildSchema("type Query { x: Int }"), {});
    await gone.stop();
    const other = start({ HASURA_ENDPOINT: gone.endpoint });
    expect((await call(outboxEvent("abc123"), { on: other })).statusCode).toBe(503);
    expect(other.logs.at(-2)?.["error"]).toMatch(/fetch failed; .*ECONNREFUSED/);
    await other.stop();
  });

  test("a secret that cannot be read", async () => {
    await coldStart();
    aws.secrets.clear();
    expect((await call(outboxEvent("abc123"))).statusCode).toBe(503);
    expect(lambda.logs.at(-2)?.["error"]).toContain("ResourceNotFoundException");
  });

  test.each([
    ["asks for a field the backend lacks", contentQuery.replace("title", "title headline")],
    ["has two root fields", contentQuery.replace("phenoms_by_pk", "a: __typename title: phenoms_by_pk")],
  ])("a content query that %s", async (_, query) => {
    const other = start({ CONTENT_QUERY: query });
    expect((await call(outboxEvent("abc123"), { on: other })).statusCode).toBe(503);
    await other.stop();
  });

  test("a configuration with mistakes, all named at once and none of them showing a secret", async () => {
    const other = start({
      HASURA_ENDPOINT: "ftp://hasura",
      HASURA_ADMIN_SECRET_ARN: "the-admin-secret-itself",
      WEBHOOK_SECRET_ARN: undefined,
      CONTENT_ENDPOINT: "https://user:pass@backend",
      CONTENT_QUERY: "query { x }",
      CONTENT_URL_TEMPLATE: "https://thephenom.app/",
    });
    expect((await call(outboxEvent("abc123"), { on: other })).statusCode).toBe(500);
    const error = String(other.logs[0]?.["error"]);
    expect(error.match(/^(ConfigurationError: )?[A-Z_]+(?= )/gm)).toEqual([
      "ConfigurationError: HASURA_ENDPOINT",
      "HASURA_ADMIN_SECRET_ARN",
      "WEBHOOK_SECRET_ARN",
      "CONTENT_ENDPOINT",
      "CONTENT_QUERY",
      "CONTENT_URL_TEMPLATE",
    ]);
    expect(error).not.toMatch(/itself|user:pass/);
    await other.stop();
  });
});

test("the log has ids, outcomes and metrics, and neither secrets nor what the content says", async () => {
  await coldStart();
  await call(outboxEvent("abc123"));
  await call("{}", { secret: "guessed-secret" });
  expect(lambda.logs.map(({ Outcome }) => Outcome)).toEqual(["stored", "unauthorized"]);
  expect(lambda.logs[0]).toMatchObject({
    phenomId: "abc123",
    eventId: outboxEvent("").id,
    LookupDuration: expect.any(Number),
    ContentDuration: expect.any(Number),
    StoreDuration: expect.any(Number),
  });
  expect(lambda.output.join("")).not.toMatch(/webhook-secret"|hasura-admin|guessed|Light over|203\.0\.113/);
});
