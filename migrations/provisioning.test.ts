import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { Client } from "pg";
import { rooms } from "../shared/chat-rooms.ts";
import { type PostgresServer, startPostgres } from "../tools/servers/postgres.ts";
import { applyMigrations } from "./apply.ts";

let server: PostgresServer;
let client: Client;
beforeAll(async () => {
  server = await startPostgres();
  const database = await server.createDatabase();
  await applyMigrations(database);
  // A superuser may become every role.
  client = new Client(server.asSuperuser(database));
  await client.connect();
  await client.query("create role other_owner");
});
afterAll(async () => {
  await client.end();
  await server.stop();
});
beforeEach(() => client.query("begin"));
afterEach(() => client.query("rollback"));

const someone = "11111111-2222-4333-8444-555555555555";
const known = "99999999-2222-4333-8444-555555555555";

const asProvisioner = async <T>(step: () => Promise<T>): Promise<T> => {
  await client.query("set local role chat_user_provisioner");
  const result = await step();
  await client.query("reset role");
  return result;
};
interface SignIn {
  readonly id?: string;
  readonly name?: string | null;
  readonly owns?: boolean;
  readonly joined?: readonly string[];
  readonly left?: readonly string[];
  readonly role?: string | null;
}
const signIn = ({
  id = someone,
  name = "Ann",
  owns = false,
  joined,
  left = [],
  role = "user",
}: SignIn = {}) =>
  asProvisioner(async () => {
    const { rows } = await client.query(
      "select * from chat_provision_user($1, $2, null, $2, null, $3, $4, $5, $6)",
      [id, name, owns, joined ?? [rooms.community], left, role],
    );
    return rows.map(({ step, code }) => `${step} ${code}`);
  });
const preflight = () =>
  asProvisioner(async () => (await client.query("select * from chat_preflight_provisioner()")).rows);
const memberships = async (id = someone) =>
  (
    await client.query(
      "select room_id, role, is_muted, origin from chat_members where user_id = $1 order by room_id",
      [id],
    )
  ).rows;
const isMember = async (id: string) => (await memberships(id)).length > 0;

const trigger = (body: string, when = "after insert or update") => `
  create function public.audit() returns trigger language plpgsql as $$ begin ${body} return new; end $$;
  create trigger audit ${when} on public.users for each row execute function public.audit();`;
const hasuraTrigger = `create schema hdb_catalog; create table hdb_catalog.event_log (payload json);
  ${trigger("insert into hdb_catalog.event_log values (row_to_json(new));")}`;

/** Shapes of the backend's table: what the preflight says, and whether somebody new and somebody known become members. */
const shapes: readonly (readonly [shape: string, sql: string, says: RegExp | null, newcomer: boolean])[] = [
  ["is as the chat would make it", "select 1", null, true],
  [
    "requires a column",
    "alter table users add column email text not null default ''; alter table users alter column email drop default",
    /Give column email of public\.users a default/,
    false,
  ],
  [
    "requires a column that has a default",
    "alter table users add column plan text not null default 'free'",
    null,
    true,
  ],
  ["has unique user names", "alter table users add unique (username)", null, true],
  [
    "has short user names",
    "alter table users alter column username type varchar(10)",
    /Widen the column/,
    true,
  ],
  [
    "has short display names",
    "alter table users alter column display_name type varchar(20)",
    /Widen the column/,
    true,
  ],
  [
    "requires user names",
    "update users set username = 'x'; alter table users alter column username set not null",
    null,
    true,
  ],
  [
    "checks user names",
    "alter table users add constraint plain check (username ~ '^[a-z]{1,8}$')",
    /Let plain accept rows with an id alone/,
    true,
  ],
  [
    "checks that there is an address",
    "alter table users add column email text; alter table users add constraint reachable check (email is not null) not valid",
    /Let reachable accept/,
    false,
  ],
  [
    "has row-level security without a policy",
    "alter table users enable row level security",
    /create policy chat on public\.users/,
    false,
  ],
  [
    "has row-level security with the policy of the remedy",
    "alter table users enable row level security; create policy chat on public.users to chat_user_provisioner using (true) with check (true)",
    null,
    true,
  ],
  ["has an event trigger of Hasura", hasuraTrigger, /grant usage on schema hdb_catalog/, false],
  [
    "has an event trigger of Hasura and the grants",
    `${hasuraTrigger} grant usage on schema hdb_catalog to chat_user_provisioner; grant insert on hdb_catalog.event_log to chat_user_provisioner`,
    null,
    true,
  ],
  [
    "has an audit trigger that the role may not run",
    `create table audit_log (at timestamptz); ${trigger("insert into public.audit_log values (now());")}`,
    /Grant chat_user_provisioner what the message names/,
    false,
  ],
  [
    "has an audit trigger that refuses",
    trigger("raise exception 'audit is down';"),
    /audit is down.*/,
    false,
  ],
  [
    "has a trigger that refuses at commit",
    `create function public.late() returns trigger language plpgsql as $$ begin raise exception 'too late'; end $$;
    create constraint trigger late after insert on public.users deferrable initially deferred for each row execute function public.late()`,
    /too late/,
    true,
  ],
  ["belongs to another owner", "alter table users owner to other_owner", null, true],
  [
    "may not be written",
    "revoke insert on users from chat_user_provisioner; revoke insert (id, username, display_name, avatar_url) on users from chat_user_provisioner",
    /Grant chat_user_provisioner/,
    false,
  ],
  [
    "may not be changed",
    "revoke update on users from chat_user_provisioner; revoke update (username, display_name, avatar_url) on users from chat_user_provisioner",
    /permission denied for table users/,
    true,
  ],
  [
    "has generated display names",
    "alter table users drop column display_name; alter table users add column display_name text generated always as (username) stored",
    /display_name/,
    true,
  ],
  [
    "has ids of its own",
    "delete from users; insert into users (id) select n::text from generate_series(17, 25) n",
    /Make Cognito's sub the id of public\.users/,
    false,
  ],
  [
    "has a primary key of another name",
    "alter table users rename constraint users_pkey to people_pk",
    null,
    true,
  ],
];

describe("a table users that", () => {
  it.each(
    shapes,
  )("%s is found by the preflight, and costs nobody's membership more than it must", async (_, sql, says, newcomer) => {
    await client.query("insert into users (id, username) values ($1, 'known')", [known]);
    await client.query(sql);
    await client.query("savepoint tried");
    const found = await preflight();
    if (says) expect(found.map(({ problem, remedy }) => `${problem} ${remedy}`).join("\n")).toMatch(says);
    else expect(found).toEqual([]);
    expect((await client.query("select from users where username like 'preflight%'")).rows).toEqual([]);

    await signIn({ name: "A name that is longer than ten or twenty characters" });
    expect(await isMember(someone)).toBe(newcomer);
    if (sql.includes("delete from users")) return;
    await signIn({ id: known, name: "Ann" });
    expect(await isMember(known)).toBe(true);
  });

  it("has a name that is taken gets the person without it", async () => {
    await client.query("alter table users add unique (username)");
    await client.query("insert into users (id, username) values ($1, 'Ann')", [known]);
    expect(await signIn()).toEqual(["profile 23505"]);
    expect(await isMember(someone)).toBe(true);
    expect((await client.query("select username from users where id = $1", [someone])).rows).toEqual([
      { username: null },
    ]);
  });
});

describe("whatever happens to the profile", () => {
  it("the person leaves the rooms whose group they left", async () => {
    await signIn({ joined: [rooms.community, rooms.internal] });
    await client.query("alter table users alter column username type varchar(10)");
    expect(await signIn({ name: "x".repeat(101), owns: true, left: [rooms.internal] })).toEqual([
      "profile 22001",
    ]);
    expect((await memberships()).map(({ room_id }) => room_id)).toEqual([rooms.community]);
  });
});

describe("a profile", () => {
  const profile = async () =>
    (await client.query("select username, display_name from users where id = $1", [someone])).rows[0];

  it("of the backend is filled where it is empty, and not changed", async () => {
    await client.query("insert into users (id, username) values ($1, 'chosen')", [someone]);
    await signIn({ name: "Ann" });
    expect(await profile()).toEqual({ username: "chosen", display_name: "Ann" });
    await signIn({ name: "Other" });
    expect(await profile()).toEqual({ username: "chosen", display_name: "Ann" });
  });

  it("follows Cognito if the chat owns it", async () => {
    await signIn({ name: "Ann" });
    await signIn({ name: "Other", owns: true });
    expect(await profile()).toEqual({ username: "Other", display_name: "Other" });
    await signIn({ name: null, owns: true });
    expect(await profile()).toEqual({ username: "Other", display_name: "Other" });
  });
});

describe("a membership", () => {
  it("that a person gave does not end with the group, and one of the group does", async () => {
    await signIn({ joined: [rooms.community, rooms.partners] });
    await client.query("insert into chat_members (room_id, user_id) values ($1, $2)", [
      rooms.internal,
      someone,
    ]);
    await signIn({ left: [rooms.internal, rooms.partners] });
    expect(await memberships()).toMatchObject([
      { room_id: rooms.internal, origin: "manual" },
      { room_id: rooms.community, origin: "group" },
    ]);
  });

  it("comes back with its mute, unless the mute has ended or was lifted", async () => {
    const leaveAndReturn = async () => {
      await signIn({ left: [rooms.partners] });
      await signIn({ joined: [rooms.partners] });
      return (await memberships())[0].is_muted;
    };
    await signIn({ joined: [rooms.partners] });
    const mute = (until: string) =>
      client.query("update chat_members set is_muted = true, muted_until = now() + $1::interval", [until]);
    await mute("1 hour");
    expect(await leaveAndReturn()).toBe(true);
    expect(await leaveAndReturn()).toBe(true);
    await client.query("update chat_members set is_muted = false");
    expect(await leaveAndReturn()).toBe(false);
    await mute("-1 hour");
    expect(await leaveAndReturn()).toBe(false);
  });

  it("gets the role of the groups, and keeps it while the groups are unknown", async () => {
    await signIn({ role: "support" });
    await signIn({ role: null });
    expect(await memberships()).toMatchObject([{ role: "support" }]);
    await signIn({ role: "user" });
    expect(await memberships()).toMatchObject([{ role: "user" }]);
  });
});
