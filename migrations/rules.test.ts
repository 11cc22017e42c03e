import { beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Client } from "pg";
import { rooms } from "../shared/chat-rooms.ts";
import { nothingSearchable } from "../shared/chat-search.ts";
import { chatTables, outcome, refused } from "../test/chat-tables.ts";
import { eventually } from "../test/jest/eventually.ts";
import type { DatabaseConnection } from "../tools/servers/postgres.ts";
import { applyMigrations } from "./apply.ts";
import { readMigrations } from "./files.ts";
import { messageRules } from "./rules.ts";

const { migrated, send } = chatTables();
let client: Client;
let database: DatabaseConnection;
beforeAll(() => {
  ({ client, database } = migrated);
});
const { community, partners } = rooms;

const mute = (until: string | null) =>
  client.query(
    "update chat_members set is_muted = true, muted_until = now() + $1::interval where user_id = 'ann'",
    [until],
  );
const ban = (until: string | null) =>
  client.query(
    "insert into chat_bans (room_id, user_id, banned_by, expires_at) values ($1, 'ann', 'mod', now() + $2::interval)",
    [community, until],
  );

describe("a message", () => {
  it("of a member is stored with its defaults", async () => {
    const { rows } = await send();
    expect(rows).toEqual([
      expect.objectContaining({
        message_type: "text",
        is_deleted: false,
        deleted_by: null,
        created_at: expect.any(Date),
        updated_at: expect.any(Date),
      }),
    ]);
  });

  it("of any user is refused in an inactive room", async () => {
    await client.query("update chat_rooms set is_active = false where id = $1", [community]);
    await client.query("update chat_members set role = 'admin'");
    await refused(send(), "roomInactive");
    expect(await outcome(send({ room_id: partners }))).toBeUndefined();
  });

  it("of a user who is no member is refused", async () => {
    await refused(send({ user_id: "stranger" }), "notAMember");
    await refused(send({ user_id: "nobody at all" }), "notAMember");
  });

  it("is refused in an unknown room with the same error as in a room without membership", async () => {
    await refused(send({ room_id: "00000000-0000-4000-8000-000000000000" }), "notAMember");
  });

  it("is refused during a mute and accepted after its end, without any clean-up", async () => {
    await mute(null);
    await refused(send(), "muted");
    await mute("1 hour");
    await refused(send(), "muted");
    await mute("-1 second");
    expect(await outcome(send())).toBeUndefined();
  });

  it("is accepted if is_muted is false, for any muted_until", async () => {
    await client.query("update chat_members set is_muted = false, muted_until = now() + interval '1 hour'");
    expect(await outcome(send())).toBeUndefined();
  });

  it("is refused during any ban of the room, and accepted after the last", async () => {
    await ban("-1 second");
    expect(await outcome(send())).toBeUndefined();
    await ban(null);
    await refused(send(), "banned");
    expect(await outcome(send({ room_id: partners }))).toBeUndefined();
    await client.query("delete from chat_bans where expires_at is null");
    expect(await outcome(send())).toBeUndefined();
  });

  it("is refused as banned if several rules forbid it", async () => {
    await ban(null);
    await mute(null);
    await client.query("update chat_rooms set is_active = false");
    await refused(send(), "banned");
  });

  it("is checked against mutes by the time of the statement, not of the transaction", async () => {
    await mute("150 milliseconds");
    await client.query("begin");
    await refused(send(), "muted");
    await client.query("rollback");
    await client.query("begin");
    const taken = await (async () => {
      await client.query("select pg_sleep(0.2)");
      return outcome(send());
    })();
    await client.query("rollback");
    expect(taken).toBeUndefined();
  });

  it("has 1 to 4000 characters, not bytes", async () => {
    await refused(send({ content: "" }), "contentLength");
    await refused(send({ content: "x".repeat(4001) }), "contentLength");
    expect(await outcome(send({ content: "𝄞".repeat(4000) }))).toBeUndefined();
  });

  it.each([
    "   ",
    "\n\t",
    "\u200b\u2060",
    "\u3164",
    "\ufeff \u00a0",
  ])("has something that can be seen, unlike %j", async (content) => {
    await refused(send({ content }), "invisible");
    for (const seen of [`${content}a`, "🛸", "ß", "🏳️‍🌈", "ㅤx", "안녕"])
      expect(await outcome(send({ content: seen }))).toBeUndefined();
  });

  it("of type phenom_link needs the id of the content", async () => {
    for (const phenom_id of [null, "", "x".repeat(256)]) {
      await refused(send({ message_type: "phenom_link", phenom_id }), "phenomId");
    }
    expect(await outcome(send({ message_type: "phenom_link", phenom_id: "abc123" }))).toBeUndefined();
  });

  it("has one of the two types", async () => {
    expect(await outcome(send({ message_type: "video" }))).toBe("23514");
  });

  it("without content or room is refused", async () => {
    expect(await outcome(send({ content: null }))).toBe("23502");
    expect(await outcome(send({ room_id: null }))).toBe(messageRules.notAMember.sqlstate);
  });

  it("cannot be made empty, too long or without its link by an update", async () => {
    await send();
    for (const [change, code] of [
      ["content = ''", messageRules.contentLength.sqlstate],
      ["content = repeat('x', 4001)", messageRules.contentLength.sqlstate],
      ["message_type = 'phenom_link'", "23514"],
    ])
      expect(await outcome(client.query(`update chat_messages set ${change}`))).toBe(code);
  });

  it("gets a new updated_at with every change, and keeps created_at", async () => {
    const {
      rows: [sent],
    } = await send();
    const {
      rows: [deleted],
    } = await client.query(
      "update chat_messages set is_deleted = true, deleted_by = 'mod', updated_at = '2000-01-01' returning *",
    );
    expect(deleted.updated_at.getTime()).toBeGreaterThan(sent.updated_at.getTime());
    expect(deleted.created_at).toEqual(sent.created_at);
  });

  it("is refused exactly if a rule forbids it, in every combination of states", async () => {
    const offset = fc.constantFrom(null, "-1 hour", "-1 second", "1 hour");
    const state = fc.record({
      active: fc.boolean(),
      member: fc.option(
        fc.record({ muted: fc.boolean(), until: offset, role: fc.constantFrom("user", "support", "admin") }),
      ),
      bans: fc.array(offset, { maxLength: 2 }),
      content: fc.constantFrom(0, 1, 2, 3999, 4000, 4001),
      type: fc.constantFrom("text", "phenom_link"),
      phenomId: fc.constantFrom(null, "", "abc", "x".repeat(255), "x".repeat(256)),
    });
    const lasts = (until: string | null) => until === null || !until.startsWith("-");
    await fc.assert(
      fc.asyncProperty(state, async ({ active, member, bans, content, type, phenomId }) => {
        const broken = new Set<string>();
        if (content < 1 || content > 4000) broken.add(messageRules.contentLength.sqlstate);
        const badId =
          phenomId === null ? type === "phenom_link" : phenomId.length < 1 || phenomId.length > 255;
        if (badId) broken.add(messageRules.phenomId.sqlstate);
        if (!active) broken.add(messageRules.roomInactive.sqlstate);
        if (!member) broken.add(messageRules.notAMember.sqlstate);
        if (member?.muted && lasts(member.until)) broken.add(messageRules.muted.sqlstate);
        if (bans.some(lasts)) broken.add(messageRules.banned.sqlstate);

        await client.query("begin");
        await client.query("update chat_rooms set is_active = $1", [active]);
        await client.query("delete from chat_members where user_id = 'ann'");
        if (member) {
          await client.query(
            "insert into chat_members (room_id, user_id, role, is_muted, muted_until) values ($1, 'ann', $2, $3, now() + $4::interval)",
            [community, member.role, member.muted, member.until],
          );
        }
        for (const until of bans) await ban(until);
        const code = await outcome(
          send({ content: "ß".repeat(content), message_type: type, phenom_id: phenomId }),
        );
        await client.query("rollback");
        if (broken.size === 0) expect(code).toBeUndefined();
        else expect(broken).toContain(code);
      }),
      { numRuns: 300 },
    );
  });
});

describe("what is in flight", () => {
  it("when somebody is banned is decided first: the ban waits for the message, and the next message sees the ban", async () => {
    const other = new Client(database);
    await other.connect();
    await client.query("begin");
    await send({ content: "before the ban" });
    let banned = false;
    const banning = other
      .query("insert into chat_bans (room_id, user_id, banned_by) values ($1, 'ann', 'mod')", [community])
      .then(() => {
        banned = true;
      });
    await eventually(async () =>
      expect(
        (await client.query("select from pg_locks where locktype = 'advisory' and not granted")).rowCount,
      ).toBe(1),
    );
    expect(banned).toBe(false);
    await client.query("commit");
    await banning;
    await refused(send(), "banned");

    await client.query("truncate chat_bans");
    await other.query("begin");
    await other.query("insert into chat_bans (room_id, user_id, banned_by) values ($1, 'ann', 'mod')", [
      community,
    ]);
    const sending = refused(send(), "banned");
    await eventually(async () =>
      expect(
        (await other.query("select from pg_locks where locktype = 'advisory' and not granted")).rowCount,
      ).toBe(1),
    );
    await other.query("commit");
    await sending;
    await other.end();
  });
});

describe("the functions", () => {
  it("of the triggers have a fixed search path", async () => {
    const { rows } = await client.query(
      `select proname from pg_proc
        where pronamespace = 'public'::regnamespace and prorettype = 'trigger'::regtype
          and not coalesce('search_path=""' = any (proconfig), false)`,
    );
    expect(rows).toEqual([]);
  });

  it("are not fooled by a writer's tables of the same names", async () => {
    const other = new Client(database);
    await other.connect();
    await other.query("create temp table chat_members as select * from public.chat_members");
    await other.query("insert into chat_members select gen_random_uuid(), id, 'stranger' from chat_rooms");
    await refused(
      other.query(
        "insert into public.chat_messages (room_id, user_id, content) values ($1, 'stranger', 'hi')",
        [community],
      ),
      "notAMember",
    );
    await other.end();
  });

  it("refuse with the documented codes and messages", () => {
    const sql = readMigrations()
      .map((migration) => migration.sql)
      .join("\n");
    const raised = [...sql.matchAll(/raise exception '([^']+)'\s+using errcode = '(\w+)'/g)].map(
      ([, message, sqlstate]) => [message, sqlstate] as const,
    );
    const documented = [...Object.values(messageRules), nothingSearchable];
    // A later migration may define a function again.
    expect(new Map(raised)).toEqual(new Map(documented.map(({ message, sqlstate }) => [message, sqlstate])));
  });
});

describe("tables created by hand from the first draft of the schema", () => {
  it("are adopted with their rows, and the rules hold on them", async () => {
    const drafted = await migrated.server.createDatabase();
    const owner = new Client(drafted);
    await owner.connect();
    await owner.query(`
      create table users (id text primary key, username text, display_name text, avatar_url text);
      create table chat_rooms (id uuid primary key default gen_random_uuid(), name text not null, description text,
        created_at timestamptz default now(), is_active boolean default true);
      create table chat_messages (id uuid primary key default gen_random_uuid(),
        room_id uuid not null references chat_rooms (id), user_id text not null references users (id),
        content text not null check (char_length(content) <= 4000),
        message_type text default 'text' check (message_type in ('text', 'phenom_link')), phenom_id text,
        is_deleted boolean default false, deleted_by text references users (id),
        created_at timestamptz default now(), updated_at timestamptz default now());
      create index idx_chat_messages_room_created on chat_messages (room_id, created_at desc);
      insert into users values ('ann', 'ann');
      insert into chat_rooms (id, name) values ('${community}', 'Phenom Community');
      insert into chat_messages (room_id, user_id, content) values ('${community}', 'ann', 'from before');`);
    await applyMigrations(drafted);
    expect((await owner.query("select content, idempotency_key from chat_messages")).rows).toEqual([
      { content: "from before", idempotency_key: null },
    ]);
    await refused(send({}, owner), "notAMember");
    const { rows } = await owner.query(
      "select indexdef from pg_indexes where indexname = 'idx_chat_messages_room_created'",
    );
    expect(rows[0].indexdef).toContain("(room_id, created_at DESC, id DESC)");
    await owner.end();
  });
});
