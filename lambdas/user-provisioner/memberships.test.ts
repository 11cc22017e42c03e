import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { rooms } from "../../shared/chat-rooms.ts";
import { anyCharacter } from "../../test/jest/any-character.ts";
import { type ProvisionerWorld, signIn, startProvisionerWorld } from "../../test/lambdas/provisioner.ts";
import { sub } from "../../tools/servers/cognito-events.ts";
import type { LambdaProcess } from "../../tools/servers/lambda.ts";

let world: ProvisionerWorld;
let lambda: LambdaProcess;
beforeAll(async () => {
  world = await startProvisionerWorld();
  lambda = world.start();
});
afterAll(() => world.stop());
beforeEach(() => world.reset());

const groups = (...names: string[]) => world.aws.groups.set("ann", names);
const members = async () => (await world.state()).members;

describe("the first sign-in", () => {
  it("creates the user and the membership of Community", async () => {
    await signIn(lambda);
    expect(await world.state()).toEqual({
      user: { id: sub, username: "ann", display_name: null, avatar_url: null },
      members: { "Phenom Community": "user" },
    });
    expect(lambda.logs.at(-1)).toMatchObject({ level: "INFO", Outcome: "provisioned", userId: sub });
  });

  it.each([
    [{ preferred_username: "Ann" }, "u1", { username: "Ann" }],
    [{}, "google_117", { username: null }],
    [{ identities: '[{"providerName":"Okta"}]' }, "okta_00u1", { username: null }],
    [{}, "2f8d4b1a-3c5e-4f70-9a6b-0c1d2e3f4a5b", { username: null }],
    [{}, "+15551234567", { username: null }],
    [{ preferred_username: "+1 (555) 123-4567" }, "u1", { username: "u1" }],
    [
      { preferred_username: "phenom-admin", name: "Phenom\u200b Support" },
      "u1",
      { username: "u1", display_name: null },
    ],
    [
      { preferred_username: "\u200b\u2060", name: "A\u202enn" },
      "u1",
      { username: "u1", display_name: "Ann" },
    ],
    [{ name: `${"x".repeat(98)}👩‍🚀👩‍🚀` }, "u1", { display_name: "x".repeat(98) }],
    [{ name: "👩‍🚀 Ann" }, "u1", { display_name: "👩‍🚀 Ann" }],
    [{}, "ann@example.com", { username: null }],
    [{ name: " Ann Example " }, "u1", { display_name: "Ann Example" }],
    [{ given_name: "Ann", family_name: "Example" }, "u1", { display_name: "Ann Example" }],
    [{ family_name: "Example" }, "u1", { display_name: "Example" }],
    [{ name: "  \0 " }, "u1", { display_name: null }],
    [{ picture: "https://cdn.example.com/a.png" }, "u1", { avatar_url: "https://cdn.example.com/a.png" }],
    [{ picture: "javascript:alert(1)" }, "u1", { avatar_url: null }],
    [{ picture: '{"data":{"url":"https://example.com"}}' }, "u1", { avatar_url: null }],
  ])("with the attributes %j and the Cognito name %s writes %j", async (attributes, userName, row) => {
    await signIn(lambda, attributes, userName);
    expect((await world.state()).user).toMatchObject(row);
  });

  it("may happen on several devices at once", async () => {
    groups("internal", "support");
    const devices = [lambda, world.start(), world.start()];
    await Promise.all(devices.flatMap((device) => [signIn(device), signIn(device)]));
    expect(await members()).toEqual({ "Phenom Internal": "support", "Phenom Community": "support" });
    for (const { logs } of devices) expect(logs.at(-1)).toMatchObject({ Outcome: "provisioned" });
  });
});

describe("the groups", () => {
  it.each([
    [["internal"], { "Phenom Internal": "user", "Phenom Community": "user" }],
    [["partners"], { "Phenom Partners": "user", "Phenom Community": "user" }],
    [["support"], { "Phenom Community": "support" }],
    [
      ["support", "admin", "internal", "partners"],
      { "Phenom Internal": "admin", "Phenom Partners": "admin", "Phenom Community": "admin" },
    ],
    [["Admin", "chat_admin", "Internal", "agent", "community"], { "Phenom Community": "user" }],
  ])("%j give %j", async (names, expected) => {
    groups(...names);
    await signIn(lambda);
    expect(await members()).toEqual(expected);
  });

  it("count even if they fill more than one page", async () => {
    groups(...Array.from({ length: 120 }, (_, index) => `group-${index}`), "internal");
    await signIn(lambda);
    expect(await members()).toMatchObject({ "Phenom Internal": "user" });
    expect(world.aws.calls.filter((call) => call === "AdminListGroupsForUser")).toHaveLength(3);
  });

  it("change the role and the rooms at the next sign-in", async () => {
    groups("internal", "support");
    await signIn(lambda);
    groups("internal", "partners", "admin");
    await signIn(lambda);
    expect(await members()).toEqual({
      "Phenom Internal": "admin",
      "Phenom Partners": "admin",
      "Phenom Community": "admin",
    });
    groups();
    await signIn(lambda);
    expect(await members()).toEqual({ "Phenom Community": "user" });
  });

  it.each([
    ["are refused", () => ({ status: 400, body: { __type: "TooManyRequestsException", message: "no" } })],
    ["break", () => ({ status: 500, body: {} })],
    ["come in no form that we know", () => ({ status: 200, body: { Groups: [{}] } })],
    ["do not come", () => "hang" as const],
  ])("that %s leave roles and rooms unchanged and keep the user in Community", async (_, disturbance) => {
    groups("internal", "admin");
    await signIn(lambda);
    world.aws.disturbance = (operation) =>
      operation.endsWith("AdminListGroupsForUser") ? disturbance() : undefined;
    await signIn(lambda, { name: "New Name" });
    expect(await world.state()).toMatchObject({
      user: { display_name: "New Name" },
      members: { "Phenom Internal": "admin", "Phenom Community": "admin" },
    });
    expect(lambda.logs.at(-1)).toMatchObject({ level: "WARN", Outcome: "provisioned_without_groups" });
    // Whatever Cognito does, the invocation has time left for the database.
    expect(Number(lambda.logs.at(-1)?.["GroupsDuration"])).toBeLessThan(3000);

    await world.database.query("truncate users cascade");
    await signIn(lambda);
    expect(await members()).toEqual({ "Phenom Community": "user" });
  });
});

describe("data of moderators and of the backend", () => {
  it("stays: a mute and a ban survive a change of the role", async () => {
    await signIn(lambda);
    await world.database.query("update chat_members set is_muted = true, muted_until = '2099-01-01'");
    await world.database.query("insert into chat_bans (room_id, user_id, banned_by) values ($1, $2, $2)", [
      rooms.community,
      sub,
    ]);
    const rest = () =>
      world.database
        .query("select id, is_muted, muted_until, joined_at from chat_members")
        .then((r) => r.rows);
    const before = await rest();
    groups("support");
    await signIn(lambda);
    expect(await members()).toEqual({ "Phenom Community": "support, muted" });
    expect(await rest()).toEqual(before);
    expect((await world.database.query("select from chat_bans")).rowCount).toBe(1);
  });

  it("stays in the user's row if no attribute replaces it", async () => {
    await world.database.query("insert into users values ($1, 'chosen', 'Chosen', 'https://a.example/b')", [
      sub,
    ]);
    await signIn(lambda);
    expect((await world.state()).user).toEqual({
      id: sub,
      username: "chosen",
      display_name: "Chosen",
      avatar_url: "https://a.example/b",
    });
    await signIn(lambda, { preferred_username: "ann2", name: "Ann" });
    expect((await world.state()).user).toMatchObject({ username: "chosen", display_name: "Chosen" });
    const owner = world.start({ PROFILE_OWNER: "cognito" });
    await signIn(owner, { preferred_username: "ann2" });
    expect((await world.state()).user).toMatchObject({ username: "ann2", display_name: "Chosen" });
  });

  it("is not written again if nothing changed", async () => {
    groups("internal");
    await signIn(lambda, { name: "Ann" });
    const versions = () =>
      world.database
        .query("select xmin from users union all select xmin from chat_members")
        .then((r) => r.rows);
    const before = await versions();
    await signIn(lambda, { name: "Ann" });
    expect(await versions()).toEqual(before);
  });

  it("may have required columns of its own", async () => {
    await world.database.query("alter table users add column email text");
    await world.database.query("insert into users (id, email) values ($1, 'ann@example.com')", [sub]);
    await world.database.query("alter table users alter column email set not null");
    try {
      await signIn(lambda, { name: "Ann" });
      expect(await world.state()).toMatchObject({
        user: { display_name: "Ann", email: "ann@example.com" },
        members: { "Phenom Community": "user" },
      });
    } finally {
      await world.database.query("alter table users drop column email");
    }
  });
});

it("rows of other users never change, for any attributes", async () => {
  await world.database.query("insert into users (id, username) values ('bob', 'bob')");
  await world.database.query(
    "insert into chat_members (room_id, user_id, role) values ($1, 'bob', 'admin')",
    [rooms.internal],
  );
  const others = () =>
    world.database
      .query("select u.*, m.* from users u join chat_members m on m.user_id = u.id where u.id = 'bob'")
      .then((r) => r.rows);
  const before = await others();
  const hostile = fc.oneof(
    fc.string({ unit: anyCharacter }),
    fc.constantFrom("'; drop table users; --", "bob", "\0", "$1", "{}", "\\", "\ud800", "x".repeat(5000)),
  );
  await fc.assert(
    fc.asyncProperty(hostile, hostile, hostile, async (name, preferred_username, picture) => {
      await signIn(lambda, { name, preferred_username, picture }, "ann");
      expect(lambda.logs.at(-1)).toMatchObject({ Outcome: "provisioned" });
    }),
    { numRuns: 60 },
  );
  expect(await others()).toEqual(before);
});
