import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { Client } from "pg";
import { applyMigrations } from "../../../migrations/apply.ts";
import { type Role, roles } from "../../../shared/hasura-names.ts";
import { roleOn } from "../../../test/hasura-role.ts";
import { NotPermitted } from "../../../tools/servers/hasura-permissions.ts";
import { newMessages, streamStatement } from "../../../tools/servers/hasura-stream.ts";
import { type PostgresServer, startPostgres } from "../../../tools/servers/postgres.ts";
import { tables, usersTable } from "./metadata.ts";

const room = {
  mine: "550e8400-e29b-41d4-a716-446655440003",
  notMine: "550e8400-e29b-41d4-a716-446655440001",
  bannedFrom: "550e8400-e29b-41d4-a716-446655440002",
  banOver: "00000000-0000-4000-8000-00000000000a",
  inactive: "00000000-0000-4000-8000-00000000000b",
};
const id = (n: number) => `00000000-0000-4000-8000-0000000000${String(n).padStart(2, "0")}`;

let server: PostgresServer;
let client: Client;
beforeAll(async () => {
  server = await startPostgres();
  const database = await server.createDatabase();
  await applyMigrations(database);
  client = new Client(database);
  await client.connect();
  await client.query(`
    insert into users (id, username) values ('me', 'me'), ('other', 'other'), ('third', 'third');
    insert into chat_rooms (id, name) values ('${room.banOver}', 'Ban over'), ('${room.inactive}', 'Inactive');
    insert into chat_members (room_id, user_id) select id, 'other' from chat_rooms;
    insert into chat_members (room_id, user_id) select id, 'me' from chat_rooms where id <> '${room.notMine}';
    insert into chat_messages (id, room_id, user_id, content, is_deleted) values
      ('${id(1)}', '${room.mine}', 'me', 'mine light', false),
      ('${id(2)}', '${room.mine}', 'other', 'theirs light', false),
      ('${id(3)}', '${room.mine}', 'me', 'deleted light', true),
      ('${id(4)}', '${room.notMine}', 'other', 'elsewhere light', false),
      ('${id(5)}', '${room.bannedFrom}', 'other', 'behind a ban light', false),
      ('${id(6)}', '${room.banOver}', 'other', 'ban over light', false),
      ('${id(7)}', '${room.inactive}', 'other', 'inactive light', false);
    insert into chat_bans (id, room_id, user_id, banned_by, expires_at) values
      ('${id(21)}', '${room.bannedFrom}', 'me', 'other', now() + interval '1 day'),
      ('${id(22)}', '${room.banOver}', 'me', 'other', now() - interval '1 day'),
      ('${id(23)}', '${room.mine}', 'third', 'other', null);
    update chat_rooms set is_active = false where id = '${room.inactive}';
    insert into chat_reports (id, message_id, reported_by, reason) values
      ('${id(41)}', '${id(1)}', 'me', 'a mistake'), ('${id(42)}', '${id(1)}', 'other', 'spam');
    insert into chat_blocks (id, user_id, blocked_id) values
      ('${id(51)}', 'me', 'third'), ('${id(52)}', 'other', 'me');
    insert into chat_push_devices (id, user_id, app_id, pushkey) values
      ('${id(61)}', 'me', 'ios', 'mine'), ('${id(62)}', 'other', 'ios', 'theirs');
    insert into link_previews (id, url, phenom_id) values ('${id(31)}', 'https://thephenom.app/phenom/p1', 'p1');
  `);
});
afterAll(async () => {
  await client.end();
  await server.stop();
});
beforeEach(() => client.query("begin"));
afterEach(() => client.query("rollback"));

const as = (role: Role) => roleOn(client, [usersTable, ...tables], role, { "x-hasura-user-id": "me" });
const ids = (rows: Record<string, unknown>[], column = "id") => rows.map((row) => row[column]).sort();
const allMessages = [1, 2, 3, 4, 5, 6, 7].map(id);
const allBans = [21, 22, 23].map(id);
const memberId = async (roomId: string, userId: string): Promise<string> =>
  (await client.query("select id from chat_members where room_id = $1 and user_id = $2", [roomId, userId]))
    .rows[0].id;

describe("the metadata", () => {
  it("names only tables, columns, functions and foreign keys that the database has", async () => {
    const columns = new Set(
      (
        await client.query(
          "select table_name || '.' || column_name as name from information_schema.columns where table_schema = 'public'",
        )
      ).rows.map((row) => row.name),
    );
    const keys = new Set(
      (
        await client.query(
          `select conrelid::regclass || '.' || attname as name from pg_constraint join pg_attribute on attrelid = conrelid and attnum = conkey[1] where contype = 'f' and array_length(conkey, 1) = 1`,
        )
      ).rows.map((row) => row.name),
    );
    const stored = (
      await client.query(
        "select proname, provolatile from pg_proc where pronamespace = 'public'::regnamespace",
      )
    ).rows;

    for (const entry of [usersTable, ...tables]) {
      const named = [
        ...(["select", "insert", "update"] as const).flatMap((kind) =>
          (entry[`${kind}_permissions`] ?? []).flatMap(({ permission }) => [
            ...(permission.columns ?? []),
            ...("set" in permission ? Object.keys(permission.set ?? {}) : []),
          ]),
        ),
      ];
      for (const column of named) expect(columns).toContain(`${entry.table.name}.${column}`);
      for (const { using } of entry.object_relationships ?? []) {
        if (using.foreign_key_constraint_on)
          expect(keys).toContain(`${entry.table.name}.${using.foreign_key_constraint_on}`);
      }
      for (const { using } of entry.array_relationships ?? []) {
        const on = using.foreign_key_constraint_on;
        if (on && typeof on.table !== "string") expect(keys).toContain(`${on.table.name}.${on.column}`);
      }
    }
    // Hasura tracks a function as a query only when it is not volatile.
    for (const proname of [
      ...["search_chat_messages", "find_chat_messages"],
      ...["chat_bans_is_active", "chat_bans_is_longest", "chat_members_is_banned"],
      ...["chat_bans_searched_names", "chat_members_searched_names"],
    ])
      expect(stored).toContainEqual({ proname, provolatile: "s" });
  });
});

/** The role table: per role and table what it may do. Whatever is not in it is refused. */
const granted: Record<Role, Record<string, readonly ("select" | "insert" | "update" | "delete")[]>> = {
  user: {
    chat_rooms: ["select"],
    chat_messages: ["select", "insert", "update"],
    chat_message_changes: ["select"],
    chat_members: ["select"],
    chat_bans: [],
    chat_reports: ["select", "insert"],
    chat_blocks: ["select", "insert", "delete"],
    chat_push_devices: ["select", "insert", "delete"],
    link_previews: ["select"],
    chat_link_preview_requests: [],
  },
  support: {
    chat_rooms: ["select"],
    chat_messages: ["select", "update"],
    chat_message_changes: ["select"],
    chat_members: ["select"],
    chat_bans: ["select", "insert"],
    chat_reports: ["select", "update"],
    chat_blocks: [],
    chat_push_devices: [],
    link_previews: ["select"],
    chat_link_preview_requests: [],
  },
  chat_admin: {
    chat_rooms: ["select", "update"],
    chat_messages: ["select", "update", "delete"],
    chat_message_changes: ["select"],
    chat_members: ["select", "update", "insert"],
    chat_bans: ["select", "insert", "delete"],
    chat_reports: ["select", "update"],
    chat_blocks: [],
    chat_push_devices: [],
    link_previews: ["select", "insert"],
    chat_link_preview_requests: [],
  },
};

/** For each table a request of each kind that only a permission stands against. */
const requests: Record<string, Record<string, (role: Role) => Promise<unknown>>> = {
  chat_rooms: {
    select: (role) => as(role).select("chat_rooms"),
    insert: (role) => as(role).insert("chat_rooms", { name: "New" }),
    update: (role) => as(role).update("chat_rooms", room.mine, { is_active: false }),
    delete: (role) => as(role).remove("chat_rooms", room.mine),
  },
  chat_messages: {
    select: (role) => as(role).select("chat_messages"),
    insert: (role) => as(role).insert("chat_messages", { room_id: room.mine, content: "hello" }),
    update: (role) => as(role).update("chat_messages", id(2), { is_deleted: true }),
    delete: (role) => as(role).remove("chat_messages", id(2)),
  },
  chat_message_changes: {
    select: (role) => as(role).select("chat_message_changes"),
    insert: (role) => as(role).insert("chat_message_changes", { room_id: room.mine }),
    update: (role) => as(role).update("chat_message_changes", id(2), { is_deleted: true }),
    delete: (role) => as(role).remove("chat_message_changes", id(2)),
  },
  chat_members: {
    select: (role) => as(role).select("chat_members"),
    insert: (role) => as(role).insert("chat_members", { room_id: room.mine, user_id: "third" }),
    update: async (role) =>
      as(role).update("chat_members", await memberId(room.mine, "other"), { is_muted: true }),
    delete: async (role) => as(role).remove("chat_members", await memberId(room.mine, "other")),
  },
  chat_bans: {
    select: (role) => as(role).select("chat_bans"),
    insert: (role) => as(role).insert("chat_bans", { room_id: room.mine, user_id: "other", reason: "spam" }),
    update: (role) => as(role).update("chat_bans", id(21), { reason: "other" }),
    delete: (role) => as(role).remove("chat_bans", id(21)),
  },
  chat_reports: {
    select: (role) => as(role).select("chat_reports"),
    insert: (role) => as(role).insert("chat_reports", { message_id: id(2), reason: "spam" }),
    update: (role) => as(role).update("chat_reports", id(42), { is_resolved: true }),
    delete: (role) => as(role).remove("chat_reports", id(42)),
  },
  chat_blocks: {
    select: (role) => as(role).select("chat_blocks"),
    insert: (role) => as(role).insert("chat_blocks", { blocked_id: "other" }),
    update: (role) => as(role).update("chat_blocks", id(51), { blocked_id: "other" }),
    delete: (role) => as(role).remove("chat_blocks", id(51)),
  },
  chat_push_devices: {
    select: (role) => as(role).select("chat_push_devices"),
    insert: (role) => as(role).insert("chat_push_devices", { app_id: "ios", pushkey: "new" }),
    update: (role) => as(role).update("chat_push_devices", id(61), { pushkey: "new" }),
    delete: (role) => as(role).remove("chat_push_devices", id(61)),
  },
  link_previews: {
    select: (role) => as(role).select("link_previews"),
    insert: (role) =>
      as(role).insert("link_previews", { url: "https://thephenom.app/phenom/p2", phenom_id: "p2" }),
    update: (role) => as(role).update("link_previews", id(31), { title: "New" }),
    delete: (role) => as(role).remove("link_previews", id(31)),
  },
  chat_link_preview_requests: {
    select: (role) => as(role).select("chat_link_preview_requests"),
    insert: (role) => as(role).insert("chat_link_preview_requests", { phenom_id: "p3" }),
    update: (role) => as(role).update("chat_link_preview_requests", id(1), { phenom_id: "p3" }),
    delete: (role) => as(role).remove("chat_link_preview_requests", id(1)),
  },
};

describe.each(roles)("the role %s", (role) => {
  for (const [table, kinds] of Object.entries(requests)) {
    for (const [kind, request] of Object.entries(kinds)) {
      const allowed = (granted[role][table] ?? []).some((each) => each === kind);
      it(`${allowed ? "may" : "may not"} ${kind} on ${table}`, async () => {
        if (allowed) await expect(request(role)).resolves.toBeDefined();
        else await expect(request(role)).rejects.toThrow(NotPermitted);
      });
    }
  }

  it("has permissions on the chat's tables only where the role table grants one", () => {
    const present = tables.map((entry) => [
      entry.table.name,
      (["select", "insert", "update", "delete"] as const).filter((kind) =>
        entry[`${kind}_permissions`]?.some((each) => each.role === role),
      ),
    ]);
    const wanted = Object.entries(granted[role]).map(([table, kinds]) => [table, [...kinds].sort()]);
    expect(Object.fromEntries(present.map(([table, kinds]) => [table, [...(kinds ?? [])].sort()]))).toEqual(
      Object.fromEntries(wanted),
    );
  });

  it("sees every room and every link preview", async () => {
    expect(await as(role).select("chat_rooms")).toHaveLength(5);
    expect(ids(await as(role).select("link_previews"))).toEqual([id(31)]);
  });

  it("sees a user's names and picture only", async () => {
    expect(Object.keys((await as(role).select("users"))[0] ?? {}).sort()).toEqual([
      "avatar_url",
      "display_name",
      "id",
      "username",
    ]);
  });

  it("finds by search only messages that it can read", async () => {
    const found = await as(role).select("chat_messages", ["id"], "search_chat_messages('light')");
    const readable = await as(role).select("chat_messages", ["id", "is_deleted"]);
    expect(ids(found)).toEqual(ids(readable.filter((row) => row["is_deleted"] !== true)));
  });
});

describe("a user", () => {
  it("sees messages that are not deleted, of rooms they belong to and are not banned from", async () => {
    expect(ids(await as("user").select("chat_messages"))).toEqual([1, 2, 6, 7].map(id));
  });

  it("sees messages again as soon as the ban is over or lifted", async () => {
    await client.query("delete from chat_bans where id = $1", [id(21)]);
    expect(ids(await as("user").select("chat_messages"))).toContain(id(5));
  });

  it("sees the members of the rooms they belong to", async () => {
    const rows = await as("user").select("chat_members");
    expect(new Set(rows.map((row) => row["room_id"]))).toEqual(
      new Set([room.mine, room.bannedFrom, room.banOver, room.inactive]),
    );
    expect(rows).toHaveLength(8);
  });

  it("does not learn who deleted a message", async () => {
    await expect(as("user").select("chat_messages", ["deleted_by"])).rejects.toThrow(NotPermitted);
  });

  it("sends as themselves, whatever user id they pass", async () => {
    const [sent] = await as("user").insert("chat_messages", { room_id: room.mine, content: "hello" });
    expect(sent).toMatchObject({ user_id: "me", message_type: "text", is_deleted: false });
    for (const claim of [
      { user_id: "other" },
      { is_deleted: true },
      { created_at: "2000-01-01" },
      { id: id(99) },
    ]) {
      await expect(
        as("user").insert("chat_messages", { room_id: room.mine, content: "hello", ...claim }),
      ).rejects.toThrow(NotPermitted);
    }
  });

  it("is refused by the rules of the database even if the permission allows sending", async () => {
    const send = (room_id: string) => as("user").insert("chat_messages", { room_id, content: "hello" });
    await expect(send(room.notMine)).rejects.toThrow("You are not a member of this room.");
    await expect(send(room.bannedFrom)).rejects.toThrow("You are banned from this room.");
    await expect(send(room.inactive)).rejects.toThrow("This room takes no new messages.");
    await expect(send(room.banOver)).resolves.toHaveLength(1);
  });
});

describe("a user's own message", () => {
  it("can be edited and deleted by the user, who is recorded; one of somebody else can't", async () => {
    const [edited] = await as("user").update("chat_messages", id(1), { content: "better" });
    expect(edited).toMatchObject({ content: "better" });
    expect(await as("user").update("chat_messages", id(2), { content: "mine now" })).toEqual([]);
    expect(await as("user").update("chat_messages", id(2), { is_deleted: true })).toEqual([]);
    await client.query("select set_config('hasura.user', $1, true)", [
      JSON.stringify({ "x-hasura-role": "user", "x-hasura-user-id": "me" }),
    ]);
    await as("user").update("chat_messages", id(1), { is_deleted: true });
    expect(await as("support").select("chat_messages", ["id", "deleted_by"])).toContainEqual({
      id: id(1),
      deleted_by: "me",
    });
  });

  it("can't be edited while the user is banned or muted", async () => {
    await client.query("update chat_members set is_muted = true where user_id = 'me'");
    await expect(as("user").update("chat_messages", id(1), { content: "loud" })).rejects.toThrow(
      "You are muted in this room.",
    );
  });

  it("is told of as deleted in the changes of its room, which others see without its text", async () => {
    await client.query("update chat_messages set is_deleted = true where id in ($1, $2)", [id(2), id(4)]);
    expect(await as("user").select("chat_message_changes", ["message_id", "is_deleted"])).toContainEqual({
      message_id: id(2),
      is_deleted: true,
    });
    expect(ids(await as("user").select("chat_message_changes"), "message_id")).not.toContain(id(4));
  });
});

describe("a report", () => {
  it("is of a message that its reporter can read, and names the reporter whatever they pass", async () => {
    expect(await as("user").insert("chat_reports", { message_id: id(2), reason: "spam" })).toMatchObject([
      { message_id: id(2), reported_by: "me", is_resolved: false },
    ]);
    for (const unreadable of [id(4), id(5)])
      await expect(as("user").insert("chat_reports", { message_id: unreadable })).rejects.toThrow(
        NotPermitted,
      );
    await expect(
      as("user").insert("chat_reports", { message_id: id(2), reported_by: "other" }),
    ).rejects.toThrow(NotPermitted);
  });

  it("is made once of a message by a person, and shown to its reporter and to moderators only", async () => {
    await expect(as("user").insert("chat_reports", { message_id: id(1) })).rejects.toThrow(/unique/);
    expect(ids(await as("user").select("chat_reports"))).toEqual([id(41)]);
    expect(ids(await as("support").select("chat_reports"))).toEqual([id(41), id(42)]);
  });

  it("is closed once by a moderator, who is recorded", async () => {
    const close = () => as("support").update("chat_reports", id(42), { is_resolved: true });
    expect(await close()).toMatchObject([{ resolved_by: "me", reported_by: "other" }]);
    expect(await close()).toEqual([]);
    await expect(as("support").update("chat_reports", id(41), { is_resolved: false })).rejects.toThrow(
      NotPermitted,
    );
  });
});

describe("a block", () => {
  it("hides the blocked person's messages from the blocker, in lists and search, until it is lifted", async () => {
    const [block] = await as("user").insert("chat_blocks", { blocked_id: "other" });
    expect(block).toMatchObject({ user_id: "me" });
    expect(ids(await as("user").select("chat_messages"))).toEqual([id(1)]);
    expect(ids(await as("user").select("chat_messages", ["id"], "search_chat_messages('light')"))).toEqual([
      id(1),
    ]);
    expect(ids(await as("support").select("chat_messages"))).toEqual(allMessages);
    await as("user").remove("chat_blocks", String(block?.["id"]));
    expect(ids(await as("user").select("chat_messages"))).toEqual([1, 2, 6, 7].map(id));
  });

  it("of the caller by others changes nothing for the caller, who does not learn of it", async () => {
    expect(ids(await as("user").select("chat_messages"))).toContain(id(2));
    expect(ids(await as("user").select("chat_blocks"))).toEqual([id(51)]);
    expect(await as("user").remove("chat_blocks", id(52))).toBe(0);
  });

  it("of oneself, or twice of the same person, is refused", async () => {
    await expect(as("user").insert("chat_blocks", { blocked_id: "me" })).rejects.toThrow(/check/);
    await expect(as("user").insert("chat_blocks", { blocked_id: "third" })).rejects.toThrow(/unique/);
  });
});

describe("a device for push notifications", () => {
  it("is seen and removed by its own person only", async () => {
    expect(ids(await as("user").select("chat_push_devices"))).toEqual([id(61)]);
    expect(await as("user").remove("chat_push_devices", id(62))).toBe(0);
    expect(await as("user").remove("chat_push_devices", id(61))).toBe(1);
  });

  it("belongs to whoever signed in on it last, and can be registered again", async () => {
    const register = () => as("user").insert("chat_push_devices", { app_id: "ios", pushkey: "theirs" });
    await register();
    expect(await register()).toMatchObject([{ user_id: "me", pushkey: "theirs" }]);
    const { rows } = await client.query("select user_id from chat_push_devices where pushkey = 'theirs'");
    expect(rows).toEqual([{ user_id: "me" }]);
  });
});

describe.each(["support", "chat_admin"] as const)("%s", (role) => {
  it("sees every message, deleted ones and who deleted them included", async () => {
    expect(ids(await as(role).select("chat_messages"))).toEqual(allMessages);
    await expect(as(role).select("chat_messages", ["deleted_by"])).resolves.toHaveLength(7);
  });

  it("sees every member and every ban, and which bans are active", async () => {
    expect(await as(role).select("chat_members")).toHaveLength(9);
    expect(ids(await as(role).select("chat_bans"))).toEqual(allBans);
  });

  it("deletes softly and is recorded as the one who deleted", async () => {
    const [deleted] = await as(role).update("chat_messages", id(2), { is_deleted: true });
    expect(deleted).toMatchObject({ is_deleted: true, deleted_by: "me", content: "theirs light" });
    expect(ids(await as("user").select("chat_messages"))).not.toContain(id(2));
  });

  it("keeps the record of the first deletion when a message is deleted again", async () => {
    await client.query("update chat_messages set deleted_by = 'other' where id = $1", [id(3)]);
    expect(await as(role).update("chat_messages", id(3), { is_deleted: true })).toEqual([]);
    expect(await as(role).select("chat_messages", ["id", "deleted_by"])).toContainEqual({
      id: id(3),
      deleted_by: "other",
    });
  });

  it("can neither restore a message nor change anything else of it", async () => {
    expect(await as(role).update("chat_messages", id(3), { is_deleted: false })).toEqual([]);
    await expect(as(role).update("chat_messages", id(2), { is_deleted: false })).rejects.toThrow(
      NotPermitted,
    );
    for (const change of [
      { content: "x" },
      { user_id: "other" },
      { deleted_by: "other" },
      { room_id: room.mine },
    ]) {
      await expect(as(role).update("chat_messages", id(2), change)).rejects.toThrow(NotPermitted);
    }
  });

  it("is recorded as the one who bans", async () => {
    const [ban] = await as(role).insert("chat_bans", { room_id: room.mine, user_id: "other" });
    expect(ban).toMatchObject({ banned_by: "me", expires_at: null });
    await expect(
      as(role).insert("chat_bans", { room_id: room.mine, user_id: "other", banned_by: "third" }),
    ).rejects.toThrow(NotPermitted);
  });
});

describe("a chat_admin", () => {
  it("removes rows of messages and bans", async () => {
    expect(await as("chat_admin").remove("chat_messages", id(1))).toBe(1);
    expect(await as("chat_admin").remove("chat_bans", id(21))).toBe(1);
  });

  it("changes a room's name, description and activity, and not its id or age", async () => {
    const [changed] = await as("chat_admin").update("chat_rooms", room.mine, {
      name: "All",
      is_active: false,
    });
    expect(changed).toMatchObject({ name: "All", is_active: false });
    for (const change of [{ id: id(1) }, { created_at: "2000-01-01" }]) {
      await expect(as("chat_admin").update("chat_rooms", room.mine, change)).rejects.toThrow(NotPermitted);
    }
  });

  it("mutes and assigns roles, and can't move a member to another room", async () => {
    const member = await memberId(room.mine, "other");
    const [muted] = await as("chat_admin").update("chat_members", member, {
      is_muted: true,
      muted_until: "2100-01-01T00:00:00Z",
      role: "support",
    });
    expect(muted).toMatchObject({ is_muted: true, role: "support" });
    await expect(as("chat_admin").update("chat_members", member, { user_id: "third" })).rejects.toThrow(
      NotPermitted,
    );
  });
});

it("no chat role is called admin, which would bypass permissions", () => {
  expect(roles).not.toContain("admin");
});

it("a stream brings each subscriber the readable messages of a room after their cursor", async () => {
  const statement = streamStatement([usersTable, ...tables]);
  const subscribers = (Object.keys(room) as (keyof typeof room)[]).map(
    (name) => [name, { userId: "me", room: room[name], since: 0 }] as const,
  );
  const found = await newMessages(client, statement, subscribers);
  expect(found.map(({ id }) => id).sort()).toEqual(["banOver", "inactive", "mine"]);
  const mine = found.find(({ id }) => id === "mine");
  expect(mine?.messages).toEqual([
    expect.objectContaining({ id: id(1) }),
    expect.objectContaining({ id: id(2) }),
  ]);
  const since = mine?.cursor ?? 0;
  expect(await newMessages(client, statement, [["mine", { userId: "me", room: room.mine, since }]])).toEqual(
    [],
  );
});
