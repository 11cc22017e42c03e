import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { rooms } from "../../shared/chat-rooms.ts";
import { type ProvisionerWorld, startProvisionerWorld } from "../../test/lambdas/provisioner.ts";
import type { LambdaProcess } from "../../tools/servers/lambda.ts";

let world: ProvisionerWorld;
let lambda: LambdaProcess;
beforeAll(async () => {
  world = await startProvisionerWorld();
  lambda = world.startSync();
});
afterAll(() => world.stop());
beforeEach(() => world.reset());

const userPoolId = "us-east-1_EXAMPLE";
const sync = (task: "groups" | "pool" | "preflight", more = {}) =>
  lambda.invoke({ task, userPoolId, ...more });
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const person = (n: number, groups: readonly string[] = [], attributes: Record<string, string> = {}) => {
  world.aws.groups.set(`user-${n}`, groups);
  world.aws.users.set(`user-${n}`, { sub: id(n), ...attributes });
};
const members = async (room: string) =>
  (
    await world.database.query("select user_id, role from chat_members where room_id = $1 order by user_id", [
      room,
    ])
  ).rows.map(({ user_id, role }) => `${Number(user_id.slice(-12))} ${role}`);

describe("the members of the groups", () => {
  beforeEach(() => world.aws.groups.clear());

  it("join their rooms, also if they never signed in, and get their roles", async () => {
    person(1, ["internal", "admin"], { name: "Ann" });
    person(2, ["partners"]);
    person(3);
    expect(await sync("groups")).toEqual({ added: 2, removed: 0, failed: 0 });
    expect(await members(rooms.internal)).toEqual(["1 admin"]);
    expect(await members(rooms.partners)).toEqual(["2 user"]);
    expect(await members(rooms.community)).toEqual(["1 admin", "2 user"]);
    expect(
      (await world.database.query("select display_name from users where id = $1", [id(1)])).rows,
    ).toEqual([{ display_name: "Ann" }]);
  });

  it("lose room and role when they leave the group or are disabled, and nothing that a person gave them", async () => {
    person(1, ["internal", "support"]);
    person(2, ["internal", "partners"]);
    person(3, ["partners"]);
    await sync("groups");
    await world.database.query("insert into chat_members (room_id, user_id) values ($1, $2)", [
      rooms.internal,
      id(3),
    ]);
    person(1);
    person(2, ["internal", "partners"], { enabled: "false" });
    expect(await sync("groups")).toMatchObject({ removed: expect.any(Number), failed: 0 });
    expect(await members(rooms.internal)).toEqual(["3 user"]);
    expect(await members(rooms.partners)).toEqual(["3 user"]);
    expect(await members(rooms.community)).toEqual(["1 user", "2 user", "3 user"]);
  });

  it("are read in pages, and nothing is written if nothing changed", async () => {
    for (let n = 1; n <= 130; n++) person(n, ["partners"]);
    expect(await sync("groups")).toEqual({ added: 130, removed: 0, failed: 0 });
    expect(await sync("groups")).toEqual({ added: 0, removed: 0, failed: 0 });
    expect(await members(rooms.partners)).toHaveLength(130);
  });

  it("stay if Cognito does not answer, and the caller learns of it", async () => {
    person(1, ["internal"]);
    await sync("groups");
    world.aws.disturbance = () => ({
      status: 400,
      body: { __type: "TooManyRequestsException", message: "no" },
    });
    await expect(sync("groups")).rejects.toThrow("TooManyRequestsException");
    expect(await members(rooms.internal)).toEqual(["1 user"]);
    expect(lambda.logs.at(-1)).toMatchObject({ level: "ERROR", Outcome: "failed", task: "groups" });
  });

  it("are told apart where the database refuses one of them", async () => {
    person(1, ["internal"]);
    person(2, ["internal"]);
    await world.database.query(`alter table users add constraint no_two check (id <> '${id(2)}')`);
    try {
      expect(await sync("groups")).toEqual({ added: 1, removed: 0, failed: 1 });
    } finally {
      await world.database.query("alter table users drop constraint no_two");
    }
    expect(lambda.logs.filter(({ step }) => step !== undefined)).toMatchObject([
      { level: "ERROR", step: "profile", userId: id(2) },
      { step: "user" },
      { step: "memberships" },
    ]);
  });
});

describe("everybody in the user pool", () => {
  beforeEach(() => world.aws.groups.clear());

  it("joins Community, page by page, from where an earlier run stopped", async () => {
    for (let n = 1; n <= 150; n++) person(n);
    expect(await sync("pool", { page: "60" })).toEqual({ added: 90, removed: 0, failed: 0 });
    expect(await sync("pool")).toEqual({ added: 60, removed: 0, failed: 0 });
    expect(await sync("pool")).toEqual({ added: 0, removed: 0, failed: 0 });
    expect(await members(rooms.community)).toHaveLength(150);
  });

  it("is continued by the caller if time runs out", async () => {
    for (let n = 1; n <= 70; n++) person(n);
    const hurried = world.startSync({ TEST_LAMBDA_TIMEOUT_MS: "20000" });
    expect(await hurried.invoke({ task: "pool", userPoolId })).toMatchObject({ added: 60, next: "60" });
  });
});

describe("messages that are older than the retention", () => {
  const days = (age: number, content: string) =>
    world.database.query(
      `insert into chat_messages (room_id, user_id, content, created_at)
       values ($1, $2, $3, now() - make_interval(days => $4))`,
      [rooms.community, id(1), content, age],
    );
  const contents = async (table: string) =>
    (await world.database.query(`select content from ${table} order by content`)).rows.map(
      ({ content }) => content,
    );
  beforeEach(async () => {
    world.aws.groups.clear();
    person(1);
    await sync("pool");
    await world.database.query("delete from chat_messages_archive");
    await days(100, "old");
    await days(10, "new");
  });

  it("move to the archive before the pool is read, and no cache is told that they were removed", async () => {
    expect(await sync("pool", { retentionDays: 90 })).toMatchObject({ archived: 1, failed: 0 });
    expect(await contents("chat_messages")).toEqual(["new"]);
    expect(await contents("chat_messages_archive")).toEqual(["old"]);
    expect((await world.database.query("select from chat_removed_messages")).rows).toEqual([]);
    expect(await sync("pool", { retentionDays: 90 })).toMatchObject({ archived: 0 });
  });

  it("stay where no retention is set", async () => {
    expect(await sync("pool", { retentionDays: 0 })).toEqual({ added: 0, removed: 0, failed: 0 });
    expect(await contents("chat_messages")).toEqual(["new", "old"]);
  });

  it("are not moved by a retention of less than 30 days", async () => {
    await expect(sync("pool", { retentionDays: 7 })).rejects.toThrow("at least 30 days");
    expect(await contents("chat_messages")).toEqual(["new", "old"]);
  });
});

it("the preflight finds what the database would refuse of a sign-in, and the remedy", async () => {
  expect(await sync("preflight")).toEqual({ problems: [] });
  await world.database.query("alter table users add constraint reachable check (display_name is null)");
  try {
    expect(await sync("preflight")).toMatchObject({
      problems: [{ step: "profile", problem: expect.stringContaining("reachable") }, {}],
    });
  } finally {
    await world.database.query("alter table users drop constraint reachable");
  }
});

it("another request is refused, with the field that is wrong", async () => {
  await expect(lambda.invoke({ task: "else" })).rejects.toThrow("wrong or missing: task");
});
