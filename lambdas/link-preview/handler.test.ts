import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { buildSchema } from "graphql";
import {
  adminSecretArn,
  contentQuery,
  httpAnswer,
  type LinkPreviewWorld,
  phenom,
  startLinkPreviewWorld,
  webhookSecretArn,
} from "../../test/lambdas/link-preview.ts";
import { httpRequest, outboxEvent } from "../../test/lambdas/link-preview-events.ts";
import { startGraphqlServer, startHasura } from "../../tools/servers/hasura-admin.ts";

let world: LinkPreviewWorld;
beforeAll(async () => {
  world = await startLinkPreviewWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.reset());

describe("an event for a link", () => {
  it("stores the preview for a day, with the URL of the template, and closes the request", async () => {
    await world.database.query(
      "insert into chat_link_preview_requests (phenom_id) values ('abc123'), ('abc123')",
    );
    expect(await world.call(outboxEvent("abc123"))).toMatchObject({
      statusCode: 200,
      body: { outcome: "stored" },
    });
    const [row, ...more] = await world.previews();
    expect(more).toEqual([]);
    expect(row).toMatchObject({
      ...phenom,
      phenom_id: "abc123",
      url: "https://thephenom.app/phenom/abc123",
    });
    expect(Number(row?.["expires_at"]) - Number(row?.["resolved_at"])).toBe(24 * 60 * 60 * 1000);
    const { rows } = await world.database.query("select from chat_link_preview_requests");
    expect(rows).toEqual([]);
  });

  it("that is delivered again finds the preview and does not read the content again", async () => {
    await world.call(outboxEvent("abc123"));
    const before = await world.previews();
    world.hasura.requests.length = 0;
    expect(await world.call(outboxEvent("abc123", 1))).toMatchObject({
      statusCode: 200,
      body: { outcome: "cached", retry: 1 },
    });
    expect(world.hasura.requests.map(({ query }) => query.match(/\w+/g)?.[1])).toEqual(["FreshPreview"]);
    expect(await world.previews()).toEqual(before);
  });

  it("accepts a stored preview that never expires", async () => {
    await world.database.query("insert into link_previews (url, phenom_id) values ('u', 'abc123')");
    expect((await world.call(outboxEvent("abc123"))).body).toMatchObject({ outcome: "cached" });
  });

  it("replaces an expired preview", async () => {
    await world.database.query(
      `insert into link_previews (url, phenom_id, title, resolved_at, expires_at)
       values ('old', 'abc123', 'old', now() - interval '2 days', now() - interval '1 day')`,
    );
    expect((await world.call(outboxEvent("abc123"))).body).toMatchObject({ outcome: "stored" });
    expect(await world.previews()).toMatchObject([{ title: phenom.title }]);
  });

  it("that is resolved later than a newer event keeps the newer preview", async () => {
    world.phenoms.set("abc123", async () => {
      await world.database.query(
        `insert into link_previews (url, phenom_id, title, resolved_at)
         values ('newer', 'abc123', 'newer', now() + interval '1 second')`,
      );
      return phenom;
    });
    const resolving = { ...world.content, phenoms_by_pk: () => Object(world.phenoms.get("abc123"))() };
    const slow = await startHasura(world.database, resolving);
    const other = world.start({ HASURA_ENDPOINT: slow.endpoint });
    expect((await world.call(outboxEvent("abc123"), { on: other })).body).toMatchObject({
      outcome: "superseded",
    });
    expect(await world.previews()).toMatchObject([{ title: "newer" }]);
    await other.stop();
    await slow.stop();
  });

  it("that is delivered many times at once stores one preview", async () => {
    const other = world.start();
    const answers = await Promise.all(
      [world.lambda, world.lambda, other, other].map((on) => world.call(outboxEvent("abc123"), { on })),
    );
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200]);
    expect(await world.previews()).toMatchObject([phenom]);
    await other.stop();
  });

  it("causes no new read of the secrets", async () => {
    await world.coldStart();
    await world.call(outboxEvent("abc123"));
    await world.call(outboxEvent("abc123"));
    expect(world.aws.calls).toEqual(["GetSecretValue", "GetSecretValue"]);
  });

  it("may have a Base64 body", async () => {
    const body = JSON.stringify(outboxEvent("abc123"));
    const request = httpRequest(Buffer.from(body).toString("base64"), {
      "x-chat-webhook-secret": "webhook-secret",
    });
    expect(
      httpAnswer.parse(await world.lambda.invoke({ ...request, isBase64Encoded: true })).statusCode,
    ).toBe(200);
  });
});

describe("content", () => {
  it.each([
    ["a/../b?c#d", "https://thephenom.app/phenom/a%2F..%2Fb%3Fc%23d"],
    ["$&$1", "https://thephenom.app/phenom/%24%26%241"],
    ["ünï 🛸", "https://thephenom.app/phenom/%C3%BCn%C3%AF%20%F0%9F%9B%B8"],
  ])("with the id %s gets a URL of its own", async (id, url) => {
    world.phenoms.set(id, phenom);
    await world.call(outboxEvent(id));
    expect(await world.previews()).toMatchObject([{ phenom_id: id, url }]);
  });

  it("is cut to the lengths of a card, and its picture is an http or https URL or missing", async () => {
    world.phenoms.set("abc123", {
      title: `\0${"🛸".repeat(400)}`,
      description: "d".repeat(5000),
      thumbnail_url: "javascript:alert(1)",
      media_type: null,
    });
    await world.call(outboxEvent("abc123"));
    expect(await world.previews()).toMatchObject([
      { title: "🛸".repeat(300), description: "d".repeat(1000), thumbnail_url: null, media_type: null },
    ]);
  });

  it("may be the only item of a list, as from a query with a condition", async () => {
    const schema = buildSchema(`
      type Query { items(where: String!): [item!]! }
      type item { title: String description: String thumbnail_url: String media_type: String }`);
    const backend = await startGraphqlServer(schema, {
      items: ({ where }) => (where === "abc123" ? [phenom] : []),
    });
    const other = world.start({
      CONTENT_ENDPOINT: backend.endpoint,
      CONTENT_QUERY:
        "query ($id: String!) { items(where: $id) { title description thumbnail_url media_type } }",
    });
    expect((await world.call(outboxEvent("abc123"), { on: other })).body).toMatchObject({
      outcome: "stored",
    });
    expect((await world.call(outboxEvent("none"), { on: other })).body).toMatchObject({
      reason: "unknown id",
    });
    await other.stop();
    await backend.stop();
  });
});

describe("content that not everybody may see", () => {
  it("gets no preview, because the content query runs as the role anonymous unless an input names another", async () => {
    world.phenoms.set("private-1", phenom);
    expect((await world.call(outboxEvent("private-1"))).body).toMatchObject({ reason: "unknown id" });
    expect(await world.previews()).toEqual([]);
    const other = world.start({ CONTENT_ROLE: "chat_reader" });
    expect((await world.call(outboxEvent("private-1"), { on: other })).body).toMatchObject({
      outcome: "stored",
    });
    await other.stop();
  });

  it("loses its expired preview at the next event, and its requests", async () => {
    await world.database.query(
      `insert into link_previews (url, phenom_id, resolved_at, expires_at)
       values ('u', 'gone', now() - interval '2 days', now() - interval '1 day')`,
    );
    await world.database.query("insert into chat_link_preview_requests (phenom_id) values ('gone')");
    await world.call(outboxEvent("gone"));
    expect(await world.previews()).toEqual([]);
    expect((await world.database.query("select from chat_link_preview_requests")).rows).toEqual([]);
  });
});

describe("the schedule", () => {
  const renew = async (on = world.lambda) =>
    httpAnswer.parse(await on.invoke({ schedule: "renew-previews" })).body;
  const store = (id: string, expires: string) =>
    world.database.query(
      `insert into link_previews (url, phenom_id, title, resolved_at, expires_at)
       values ('u', $1, 'old', now() - interval '1 day', now() + $2::interval)`,
      [id, expires],
    );

  it("renews the previews that expire soon and removes those whose content has gone", async () => {
    world.phenoms.set("later", phenom);
    await store("abc123", "1 hour");
    await store("gone", "-1 hour");
    await store("later", "5 hours");
    expect(await renew()).toMatchObject({ outcome: "renewed", renewed: 1, removed: 1, failed: 0 });
    expect(await world.previews()).toMatchObject([
      { phenom_id: "abc123", title: phenom.title },
      { phenom_id: "later", title: "old" },
    ]);
  });

  it("keeps a preview whose content can't be asked for, until it expires by itself", async () => {
    await store("abc123", "1 hour");
    world.hasura.disturbance = (query) =>
      query === contentQuery ? { status: 500, body: "oops" } : undefined;
    expect(await renew()).toMatchObject({ outcome: "failed", failed: 1 });
    expect(await world.previews()).toMatchObject([{ title: "old" }]);
  });

  it("is not what a caller of the webhook can pass for", async () => {
    expect(await world.call({ schedule: "renew-previews" }, { secret: "guess" })).toMatchObject({
      statusCode: 401,
    });
  });
});

describe("Hasura's admin secret", () => {
  it("is sent to no endpoint but Hasura's, and not along a redirect", async () => {
    const backend = await startGraphqlServer(
      buildSchema(`type Query { phenoms_by_pk(id: String!): item }
        type item { title: String description: String thumbnail_url: String media_type: String }`),
      world.content,
    );
    const other = world.start({ CONTENT_ENDPOINT: backend.endpoint });
    expect((await world.call(outboxEvent("abc123"), { on: other })).body).toMatchObject({
      outcome: "stored",
    });
    expect(backend.requests).toHaveLength(1);
    expect(JSON.stringify(backend.requests)).not.toContain("secret");

    backend.requests.length = 0;
    world.hasura.disturbance = () => ({ status: 307, body: "", headers: { location: backend.endpoint } });
    expect((await world.call(outboxEvent("abc123"))).statusCode).toBe(503);
    expect(backend.requests).toEqual([]);
    await other.stop();
    await backend.stop();
  });

  it("is read again after a rotation", async () => {
    await world.coldStart();
    await world.call(outboxEvent("first"));
    world.hasura.adminSecret = "rotated";
    world.aws.secrets.set(adminSecretArn, "rotated");
    expect((await world.call(outboxEvent("abc123"))).body).toMatchObject({ outcome: "stored" });
    world.hasura.adminSecret = "hasura-admin-secret";
  });

  it("makes Hasura deliver the event again if it is wrong", async () => {
    await world.coldStart();
    world.aws.secrets.set(adminSecretArn, "wrong");
    expect((await world.call(outboxEvent("abc123"))).statusCode).toBe(503);
  });
});

describe("a caller", () => {
  beforeAll(() => world.coldStart());
  it.each([
    "",
    "webhook",
    "webhook-secret ",
    "WEBHOOK-SECRET",
    "ẘ".repeat(5000),
  ])("who sends the secret %j is refused before anything else", async (secret) => {
    expect(await world.call("not JSON", { secret })).toMatchObject({
      statusCode: 401,
      body: { outcome: "unauthorized" },
    });
    expect(world.hasura.requests).toEqual([]);
  });

  it("without a secret is refused, and so is an event of another kind", async () => {
    const request = httpRequest("{}", {});
    for (const event of [request, { ...request, headers: undefined }, {}, null, "event"])
      expect(httpAnswer.parse(await world.lambda.invoke(event)).statusCode).toBe(401);
  });

  it("is accepted with the new secret after a rotation, and no longer with the old one", async () => {
    await world.coldStart();
    await world.call(outboxEvent("abc123"));
    world.aws.secrets.set(webhookSecretArn, "rotated");
    expect((await world.call(outboxEvent("abc123"), { secret: "rotated" })).statusCode).toBe(200);
    expect((await world.call(outboxEvent("abc123"))).statusCode).toBe(401);
  });

  it("cannot cause a read of the secret with each guess", async () => {
    await world.coldStart();
    for (let guess = 0; guess < 20; guess++) await world.call("{}", { secret: `guess ${guess}` });
    expect(world.aws.calls.length).toBe(2);
  });
});

it("the log holds ids, outcomes and metrics, but no secrets and no content", async () => {
  await world.coldStart();
  await world.call(outboxEvent("abc123"));
  await world.call("{}", { secret: "guessed-secret" });
  expect(world.lambda.logs.map(({ Outcome }) => Outcome)).toEqual(["stored", "unauthorized"]);
  expect(world.lambda.logs[0]).toMatchObject({
    phenomId: "abc123",
    eventId: outboxEvent("").id,
    LookupDuration: expect.any(Number),
    ContentDuration: expect.any(Number),
    StoreDuration: expect.any(Number),
  });
  expect(world.lambda.output.join("")).not.toMatch(
    /webhook-secret"|hasura-admin|guessed|Light over|203\.0\.113/,
  );
});
