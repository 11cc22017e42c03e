import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Kind, parse } from "graphql";
import * as z from "zod";
import { applyMigrations } from "../../../migrations/apply.ts";
import { rooms } from "../../../shared/chat-rooms.ts";
import { graphql } from "../../../shared/graphql.ts";
import { samples } from "../../../test/mobile-samples.ts";
import { type HasuraServer, startHasuraServer } from "../../../tools/servers/hasura.ts";
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
