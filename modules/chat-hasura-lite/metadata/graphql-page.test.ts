import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Kind, parse } from "graphql";
import { createClient } from "graphql-ws";
import { WebSocket } from "ws";
import * as z from "zod";
import { applyMigrations } from "../../../migrations/apply.ts";
import { rooms } from "../../../shared/chat-rooms.ts";
import { graphql } from "../../../shared/graphql.ts";
import { PlatformTemplate } from "../../../stacks/platform/template.ts";
import { samples } from "../../../test/mobile-samples.ts";
import { type HasuraServer, startHasuraServer } from "../../../tools/servers/hasura.ts";
import { type AlbServer, startAlb } from "../../../tools/servers/load-balancer.ts";
import { loadBalancer } from "../../../tools/servers/load-balancer-rules.ts";
import {
  type DatabaseConnection,
  type PostgresServer,
  query,
  startPostgres,
} from "../../../tools/servers/postgres.ts";

const page = readFileSync("docs/graphql-api.md", "utf8");
const examples = [...page.matchAll(/^```graphql (\w+)\n([\s\S]*?)^```$/gm)].map(
  ([, role = "", text = ""], index) => ({
    index,
    role,
    text,
    name: /(?:query|mutation|subscription) (\w+)/.exec(text)?.[1] ?? "",
  }),
);

const me = "ann";
const id = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
const message = { mine: id(1), toDelete: id(2), theirs: id(3), old: id(4) };
const report = id(5);

/** Values of the examples' variables; an example of the page may have some of its own. */
const common: Readonly<Record<string, unknown>> = {
  me,
  room: rooms.community,
  content: "hello",
  key: "draft-1",
  phenom: "p1",
  words: "light",
  time: "2030-01-01T00:00:00.123456Z",
  id: message.mine,
  since: 0,
  until: null,
  before: null,
  before_id: null,
  user: "bob",
  reason: "spam",
  app: "app.thephenom.ios",
  pushkey: "the device's token",
};
const special: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  Edit: { message: message.mine, content: "better" },
  DeleteMine: { message: message.toDelete },
  Report: { message: message.theirs },
  CloseReport: { report },
  Delete: { message: message.old },
};

const answers = z.record(
  z.string(),
  z.union([
    z.array(z.unknown()).min(1),
    z.looseObject({ affected_rows: z.number().min(1) }),
    z.looseObject({}),
  ]),
);

let postgres: PostgresServer;
let database: DatabaseConnection;
let hasura: HasuraServer;
beforeAll(async () => {
  postgres = await startPostgres();
  database = await postgres.createDatabase();
  await applyMigrations(database);
  const insert = "insert into chat_messages (id, room_id, user_id, content) values";
  await query(
    database,
    `insert into users (id, username) values ('ann', 'ann'), ('bob', 'bob'), ('cat', 'cat');
     insert into chat_members (room_id, user_id) select '${rooms.community}', id from users;
     ${insert} ('${message.mine}', '${rooms.community}', 'ann', 'a light');
     ${insert} ('${message.toDelete}', '${rooms.community}', 'ann', 'a mistake');
     ${insert} ('${message.theirs}', '${rooms.community}', 'bob', 'another light');
     ${insert} ('${message.old}', '${rooms.community}', 'cat', 'an insult');
     insert into chat_reports (id, message_id, reported_by) values ('${report}', '${message.old}', 'bob')`,
  );
  hasura = await startHasuraServer(database);
});
afterAll(async () => {
  await hasura?.stop();
  await postgres?.stop();
});

const token = (role: string) => {
  const claims = { "x-hasura-user-id": me, "x-hasura-allowed-roles": ["user", role] };
  const payload = JSON.stringify({ "https://hasura.io/jwt/claims": JSON.stringify(claims) });
  return `header.${Buffer.from(payload).toString("base64url")}.signature`;
};

describe("the examples for client developers, run in the page's order,", () => {
  it.each(examples)("$name is answered with data", async ({ name, role, text }) => {
    const declared = parse(text).definitions.flatMap((each) =>
      each.kind === Kind.OPERATION_DEFINITION
        ? (each.variableDefinitions ?? []).map(({ variable }) => variable.name.value)
        : [],
    );
    const values = { ...common, ...special[name] };
    const variables = Object.fromEntries(
      declared.map((variable) => {
        if (!(variable in values)) throw new Error(`no value for $${variable} of ${name}`);
        return [variable, values[variable]];
      }),
    );
    const data = await graphql(
      {
        url: hasura.endpoint,
        headers: { authorization: `Bearer ${token(role)}`, "x-hasura-role": role },
      },
      text,
      variables,
      AbortSignal.timeout(10_000),
    );
    expect(() => answers.parse(data)).not.toThrow();
  });

  it("are sent by an app as the page for its developers shows", async () => {
    const [sample = "", ...others] = samples("hasura");
    expect(others).toEqual([]);
    const AsyncFunction = (async () => {}).constructor;
    const run: unknown = Reflect.construct(AsyncFunction, [
      "chatConfig",
      "idToken",
      `${sample}; return sent;`,
    ]);
    const chatConfig = { hasura: { httpEndpoint: hasura.endpoint }, rooms };
    // The room was closed by an example.
    await query(
      database,
      "update chat_rooms set is_active = true; delete from chat_bans; update chat_members set is_muted = false",
    );
    expect(typeof run === "function" && (await run(chatConfig, token("user")))).toEqual({
      id: expect.any(String),
    });
  });

  it("hide a blocked person's messages from the blocker only", async () => {
    const ask = async (role: string, text: string) =>
      graphql(
        { url: hasura.endpoint, headers: { authorization: `Bearer ${token(role)}`, "x-hasura-role": role } },
        text,
        { user: "bob" },
        AbortSignal.timeout(10_000),
      );
    const example = (name: string) => examples.find((each) => each.name === name)?.text ?? "";
    const theirs = 'query Theirs { chat_messages(where: { user_id: { _eq: "bob" } }) { id } }';
    await ask("user", example("Block"));
    expect(await ask("user", theirs)).toEqual({ chat_messages: [] });
    expect(await ask("support", theirs)).toEqual({ chat_messages: [{ id: message.theirs }] });
    await ask("user", example("Unblock"));
    expect(await ask("user", theirs)).toEqual({ chat_messages: [{ id: message.theirs }] });
  });
});

describe("a WebSocket through the platform's listener rule", () => {
  const template = new PlatformTemplate();
  let alb: AlbServer;
  beforeAll(async () => {
    alb = await startAlb(
      loadBalancer(Object.values(template.resources("aws_lb_listener_rule"))),
      "chat-testing.thephenom.app",
      () => ["hasura"],
      () => new URL(hasura.endpoint).origin,
    );
  });
  afterAll(() => alb?.stop());

  /** A client as the page's first section says. */
  const connect = (path = "/api/graphql") =>
    createClient({
      url: `${alb.url.replace("http", "ws")}${path}`,
      webSocketImpl: WebSocket,
      connectionParams: { headers: { Authorization: `Bearer ${token("user")}` } },
      retryAttempts: 0,
    });
  const subscription = (name: string) => examples.find((each) => each.name === name)?.text ?? "";
  const say = (id: string, content: string) =>
    query(
      database,
      `insert into chat_messages (id, room_id, user_id, content) values ('${id}', '${rooms.community}', 'bob', '${content}')`,
    );
  const contents = (result: unknown) =>
    z
      .object({ data: z.record(z.string(), z.array(z.looseObject({ content: z.string() }))) })
      .transform(({ data }) => Object.values(data)[0]?.map(({ content }) => content))
      .parse(result);

  it("brings the stream's messages from the cursor on, and each new one once", async () => {
    const client = connect();
    const [newest] = await query(database, "select max(seq) as seq from chat_messages");
    const variables = { room: rooms.community, since: Number(newest?.["seq"]) };
    const messages = client.iterate({ query: subscription("NewMessages"), variables });
    await say(id(6), "first");
    expect(contents((await messages.next()).value)).toEqual(["first"]);
    await say(id(7), "second");
    expect(contents((await messages.next()).value)).toEqual(["second"]);
    await client.dispose();
    expect(alb.answered).toEqual(["hasura GET /v1/graphql"]);
  });

  it("sends a live query's page again when it changes", async () => {
    const client = connect();
    const pages = client.iterate({ query: subscription("Room"), variables: { room: rooms.community } });
    const before = contents((await pages.next()).value);
    await say(id(8), "third");
    expect(contents((await pages.next()).value)).toEqual(["third", ...(before ?? [])].slice(0, 50));
    await client.dispose();
  });

  it("is closed where the token opens nothing, or where no rule leads", async () => {
    const ask = (client: ReturnType<typeof connect>) =>
      client.iterate({ query: subscription("Room"), variables: { room: rooms.community } }).next();
    hasura.refuseTokens(() => true);
    await expect(ask(connect())).rejects.toMatchObject({ code: 4403 });
    hasura.refuseTokens(() => false);
    await expect(ask(connect("/elsewhere"))).rejects.toMatchObject({
      message: "Unexpected server response: 404",
    });
  });
});
