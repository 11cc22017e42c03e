import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Client, DatabaseError } from "pg";
import { fold, matches, parseQuery } from "../mcp-server/chat/search-query.ts";
import { nothingSearchable } from "../shared/chat-search.ts";
import { eventually } from "../test/jest/eventually.ts";
import { type DatabaseConnection, type PostgresServer, startPostgres } from "../tools/servers/postgres.ts";
import { applyMigrations } from "./apply.ts";
import { readMigrations } from "./files.ts";
import { type MessageRule, messageRules } from "./rules.ts";

let server: PostgresServer;
let database: DatabaseConnection;
let client: Client;
beforeAll(async () => {
  server = await startPostgres();
  database = await server.createDatabase();
  await applyMigrations(database);
  client = new Client(database);
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await server.stop();
});

const community = "550e8400-e29b-41d4-a716-446655440003";
const partners = "550e8400-e29b-41d4-a716-446655440002";

beforeEach(async () => {
  await client.query(
    "truncate chat_messages, chat_members, chat_bans, link_previews, chat_link_preview_requests, users cascade",
  );
  await client.query("update chat_rooms set is_active = true");
  await client.query(
    "insert into users (id, username) values ('ann', 'ann'), ('mod', 'mod'), ('stranger', 'stranger')",
  );
  await client.query(
    `insert into chat_members (room_id, user_id) select id, u from chat_rooms, unnest(array['ann', 'mod']) u`,
  );
});

interface Draft {
  room_id?: string | null;
  user_id?: string;
  content?: string | null;
  message_type?: string;
  phenom_id?: string | null;
  idempotency_key?: string | null;
}

const send = (draft: Draft = {}, on: Client = client) => {
  const row = { room_id: community, user_id: "ann", content: "hello", ...draft };
  const names = Object.keys(row);
  return on.query(
    `insert into chat_messages (${names.join(", ")}) values (${names.map((_, n) => `$${n + 1}`).join(", ")}) returning *`,
    Object.values(row),
  );
};

const outcome = (attempt: Promise<unknown>): Promise<string | undefined> =>
  attempt.then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof DatabaseError) return error.code;
      throw error;
    },
  );

const refused = async (attempt: Promise<unknown>, rule: MessageRule) => {
  const { sqlstate, message } = messageRules[rule];
  await expect(attempt).rejects.toMatchObject({ code: sqlstate, message });
};

/** Runs mutations as Hasura does: one transaction, hasura.user set in it as JSON. */
async function asHasura(role: string, mutations: () => Promise<unknown>) {
  await client.query("begin");
  try {
    await client.query("select set_config('hasura.user', $1, true)", [
      JSON.stringify({ "x-hasura-role": role, "x-hasura-user-id": "ann" }),
    ]);
    await mutations();
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
}

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

describe("the rate", () => {
  const several = async (n: number) => {
    const codes: (string | undefined)[] = [];
    for (let i = 0; i < n; i++)
      codes.push(await outcome(asHasura("user", () => send({ content: `message ${i}` }))));
    return codes;
  };

  it("of role user is thirty at once, of anybody else it is not limited", async () => {
    expect(await several(31)).toEqual([...Array(30).fill(undefined), messageRules.tooFast.sqlstate]);
    expect(await outcome(send())).toBeUndefined();
    expect(await outcome(asHasura("user", () => send({ user_id: "mod" })))).toBeUndefined();
  });

  it("is ten a second", async () => {
    await several(30);
    await client.query(
      "update chat_messages set created_at = created_at - interval '1 second' * (floor(n / 10) + 1) from (select id, row_number() over () - 1 as n from chat_messages) old where old.id = chat_messages.id",
    );
    expect((await several(12)).filter((code) => code === undefined)).toHaveLength(10);
  });

  it("holds for parallel requests", async () => {
    const clients = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const other = new Client(database);
        await other.connect();
        await other.query("select set_config('hasura.user', $1, false)", [
          JSON.stringify({ "x-hasura-role": "user", "x-hasura-user-id": "ann" }),
        ]);
        return other;
      }),
    );
    const codes = await Promise.all(
      clients.map(async (other) => {
        const own: (string | undefined)[] = [];
        for (let i = 0; i < 10; i++) own.push(await outcome(send({}, other)));
        return own;
      }),
    );
    await Promise.all(clients.map((other) => other.end()));
    expect(codes.flat().filter((code) => code === undefined)).toHaveLength(30);
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

describe("the order of a room's messages", () => {
  const readChanges = async (since: string) =>
    (
      await client.query(
        "select message_id, seq, is_deleted from chat_message_changes where room_id = $1 and seq > $2 order by seq",
        [community, since],
      )
    ).rows;

  it("is the order of commits: whoever polls while transactions overlap misses none", async () => {
    const step = fc.record({
      writer: fc.nat(2),
      does: fc.constantFrom("send", "edit", "delete", "commit", "rollback"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        await client.query("truncate chat_messages cascade");
        const writers = await Promise.all(
          [0, 1, 2].map(async () => {
            const other = new Client(database);
            await other.connect();
            return { other, open: false, waiting: Promise.resolve() as Promise<unknown> };
          }),
        );
        const seen = new Map<string, boolean>();
        let cursor = "0";
        const poll = async () => {
          for (const { message_id, seq, is_deleted } of await readChanges(cursor)) {
            seen.set(message_id, is_deleted);
            cursor = seq;
          }
        };
        await send({ content: "the first" });
        for (const { writer, does } of steps) {
          const each = writers[writer];
          if (!each) continue;
          const { other } = each;
          // Statements of one connection queue; those that wait for a lock go on after the holder's commit.
          const queue = (text: string, values: unknown[] = []) => {
            each.waiting = other.query(text, values).catch(() => {});
          };
          if (does === "commit" || does === "rollback") {
            if (each.open) queue(does);
            each.open = false;
          } else {
            if (!each.open) queue("begin");
            each.open = true;
            if (does === "send")
              queue("insert into chat_messages (room_id, user_id, content) values ($1, $2, 'x')", [
                community,
                writer === 0 ? "ann" : "mod",
              ]);
            else if (does === "edit")
              queue(
                "update chat_messages set content = content || 'y' where id = (select id from chat_messages order by created_at limit 1)",
              );
            else
              queue(
                "update chat_messages set is_deleted = true where id = (select id from chat_messages where not is_deleted order by created_at desc limit 1)",
              );
          }
          await poll();
        }
        for (const each of writers) if (each.open) each.waiting = each.other.query("commit").catch(() => {});
        await Promise.all(writers.map(({ waiting }) => waiting));
        await Promise.all(writers.map(({ other }) => other.end()));
        await poll();
        const { rows } = await client.query("select id, is_deleted from chat_messages");
        expect(seen).toEqual(new Map(rows.map(({ id, is_deleted }) => [id, is_deleted])));
      }),
      { numRuns: 15, endOnFailure: true },
    );
  });

  it("tells of edits, deletions and removals, and moves nothing for other changes", async () => {
    const ids: string[] = [];
    for (const content of ["a", "b", "c"]) ids.push((await send({ content })).rows[0].id);
    const [a, b, c] = ids;
    const { seq } = (await readChanges("0")).at(-1);
    await client.query("update chat_messages set content = 'edited' where id = $1", [b]);
    await client.query("update chat_messages set is_deleted = true where id = $1", [a]);
    await client.query("delete from chat_messages where id = $1", [c]);
    await client.query("update chat_messages set created_at = created_at where id = $1", [b]);
    expect((await readChanges(seq)).map(({ message_id, is_deleted }) => [message_id, is_deleted])).toEqual([
      [b, false],
      [a, true],
      [c, true],
    ]);
  });
});

describe("one message", () => {
  it("per statement is what the role user may send", async () => {
    const two = () =>
      client.query(
        "insert into chat_messages (room_id, user_id, content) values ($1, 'ann', 'a'), ($1, 'ann', 'b')",
        [community],
      );
    await refused(asHasura("user", two), "onePerRequest");
    expect((await client.query("select from chat_messages")).rowCount).toBe(0);
  });

  it("per request is what the role user may send, aliased mutations included", async () => {
    const attempt = asHasura("user", async () => {
      await send({ content: "first alias" });
      await send({ content: "second alias", room_id: partners });
    });
    await refused(attempt, "onePerRequest");
    expect((await client.query("select from chat_messages")).rowCount).toBe(0);
  });

  it("per request does not limit the next request on the same connection", async () => {
    for (const content of ["one", "two", "three"]) await asHasura("user", () => send({ content }));
    expect((await client.query("select from chat_messages")).rowCount).toBe(3);
  });

  it("per request is no limit for other roles and for writers without Hasura", async () => {
    const several = async () => {
      await send();
      await send();
    };
    await asHasura("admin", several);
    await asHasura("support", several);
    await client.query("begin");
    await several();
    await client.query("commit");
    expect((await client.query("select from chat_messages")).rowCount).toBe(6);
  });
});

describe("an idempotency key", () => {
  it("gives one message, for any number of repeated and concurrent requests", async () => {
    const others = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const other = new Client(database);
        await other.connect();
        return other;
      }),
    );
    const codes = await Promise.all(others.map((other) => outcome(send({ idempotency_key: "k1" }, other))));
    await Promise.all(others.map((other) => other.end()));
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(codes.filter((code) => code === "23505")).toHaveLength(3);
  });

  it("of a message that was deleted sends no second one", async () => {
    await send({ idempotency_key: "k1" });
    await client.query("update chat_messages set is_deleted = true");
    await refused(send({ idempotency_key: "k1" }), "sentAndDeleted");
  });

  it("belongs to its user", async () => {
    await send({ idempotency_key: "k1" });
    expect(await outcome(send({ idempotency_key: "k1", user_id: "mod" }))).toBeUndefined();
  });

  it("is optional and has 1 to 255 characters", async () => {
    expect(await outcome(send({ idempotency_key: "" }))).toBe("23514");
    expect(await outcome(send({ idempotency_key: "x".repeat(256) }))).toBe("23514");
    await send({ idempotency_key: null });
    expect(await outcome(send({ idempotency_key: null }))).toBeUndefined();
  });
});

describe("the outbox of link previews", () => {
  const link = (phenom_id = "abc") => send({ message_type: "phenom_link", phenom_id });
  const requests = async () =>
    (await client.query("select phenom_id from chat_link_preview_requests order by created_at")).rows.map(
      (row) => row.phenom_id,
    );
  const preview = (expires: string | null) =>
    client.query(
      `insert into link_previews (url, phenom_id, expires_at) values ('https://thephenom.app/phenom/abc', 'abc', now() + $1::interval)
       on conflict (phenom_id) do update set expires_at = excluded.expires_at`,
      [expires],
    );

  it("gets a request for a link without a preview, and none for a text", async () => {
    await send();
    await send({ phenom_id: "mentioned" });
    await link();
    expect(await requests()).toEqual(["abc"]);
  });

  it.each([null, "1 hour"])("gets none while a preview is fresh (expiring in %s)", async (expires) => {
    await preview(expires);
    await link();
    expect(await requests()).toEqual([]);
  });

  it("gets a request when the preview has expired", async () => {
    await preview("-1 second");
    await link();
    expect(await requests()).toEqual(["abc"]);
  });

  it("lets an engine with a role of its own write its event log", async () => {
    const engine = new Client(server.asSuperuser(database));
    await engine.connect();
    await engine.query(`
      create role engine;
      create schema hdb_catalog authorization engine;
      grant select, insert on chat_messages, chat_link_preview_requests, link_previews to engine;
      set role engine;
      create table hdb_catalog.event_log (payload json);
      create function hdb_catalog.notify() returns trigger language plpgsql as $$
      begin
        insert into hdb_catalog.event_log values (row_to_json(new));
        return null;
      end $$;
      reset role;
      create trigger notify after insert on chat_link_preview_requests
        for each row execute function hdb_catalog.notify();
      set role engine;
    `);
    await send({ message_type: "phenom_link", phenom_id: "abc" }, engine);
    const { rows } = await engine.query(
      "select payload ->> 'phenom_id' as phenom_id from hdb_catalog.event_log",
    );
    await engine.query(
      "reset role; drop trigger notify on chat_link_preview_requests; drop owned by engine; drop role engine",
    );
    await engine.end();
    expect(rows).toEqual([{ phenom_id: "abc" }]);
  });

  it("drops the requests that a stored preview answers, and keeps the others", async () => {
    await link();
    await link();
    await link("other");
    await preview("1 hour");
    expect(await requests()).toEqual(["other"]);
  });
});

describe("a page of a room's messages", () => {
  it("is read from the index in its order, the first and later pages alike", async () => {
    await client.query("begin");
    await client.query(
      "insert into chat_messages (room_id, user_id, content, created_at) select $1, 'ann', 'm', now() - n * interval '1 second' from generate_series(1, 3000) n",
      [community],
    );
    await client.query("analyze chat_messages");
    for (const after of ["", "and (created_at, id) < (now() - interval '1 hour', gen_random_uuid())"]) {
      const { rows } = await client.query(
        `explain select * from chat_messages where room_id = '${community}' ${after} order by created_at desc, id desc limit 50`,
      );
      const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
      expect(plan).toContain("Index Scan using idx_chat_messages_room_created");
      expect(plan).not.toContain("Sort");
    }
    await client.query("rollback");
  });
});

describe("search", () => {
  const found = async (query: string) =>
    (
      await client.query("select content from search_chat_messages($1) order by created_at", [query])
    ).rows.map((row) => row.content);

  it("finds words in any form and phrases, without excluded words", async () => {
    for (const content of ["Lights over the desert", "A light, moving fast", "nothing here"])
      await send({ content });
    expect(await found("light")).toEqual(["Lights over the desert", "A light, moving fast"]);
    expect(await found('"over the desert"')).toEqual(["Lights over the desert"]);
    expect(await found("light -desert")).toEqual(["A light, moving fast"]);
    expect(await found("desert or nothing")).toEqual(["Lights over the desert", "nothing here"]);
  });

  it("follows a message that is changed or deleted, and the language of its room", async () => {
    const words = async (text: string) => (await found(text)).length;
    const before = await words("kites");
    await send({ content: "two kites" });
    expect(await words("kite")).toBe(before + 1);
    await client.query("update chat_messages set content = 'two yaks' where content = 'two kites'");
    expect([await words("kite"), await words("yak")]).toEqual([before, 1]);
    await client.query("update chat_rooms set language = 'klingon'");
    expect([await words("yak"), await words("yaks")]).toEqual([0, 0]);
    const { rows } = await client.query(
      "select count(*)::int as n from chat_message_search where words @@ 'yaks'::tsquery",
    );
    expect(rows).toEqual([{ n: 1 }]);
    await client.query("update chat_rooms set language = 'english'");
    expect(await words("yak")).toBe(1);
    await client.query("update chat_messages set is_deleted = true where content = 'two yaks'");
    expect(await words("yak")).toBe(0);
  });

  it("reads texts and queries as the MCP server does where there is no such search", async () => {
    const pieces = [
      ..."xYzÉéİıßẞÆøŁςΣσ٣۴५½①",
      ...["東", "京", "都", "カ", "ー", "ヒ", "한", "국", "ไ", "ท", "ย", "ກ", "က", "ក", "გ", "ア\u3099"],
      ...[
        "🎉",
        "👍🏽",
        "👩\u200d🚀",
        "🇩🇪",
        "1\ufe0f\u20e3",
        "❤\ufe0f",
        "\u200b",
        "\u00ad",
        "\u2060",
        "\u0301",
      ],
      ...["مُحَمَّد", "أحمد", "שָׁלוֹם", "हिन्दी", "Ἀθῆναι", "ﬁ", "Ａ", "\ud835\udd4f"],
      ...[" ", " -", ' "', '" ', "-", "_", ".", "/", "://", " or ", "\n", "'", "\\", ":"],
    ];
    const texts = fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((parts) => parts.join(""));
    // The simple dictionary has no words without meaning.
    const stopWord = /(?<![\p{Alphabetic}0-9])[ai](?![\p{Alphabetic}0-9])/u;
    const pairs = fc.sample(
      fc
        .tuple(texts, texts, fc.nat(), fc.nat())
        .map(([query, text, from, length]) => {
          // Every other query is a part of the text.
          const part = [...text].slice(from % 5, (from % 5) + 1 + (length % 5)).join("");
          return { query: from % 2 === 0 ? part : query, text };
        })
        .filter(({ query }) => !stopWord.test(fold(query))),
      { seed: 15, numRuns: 1500 },
    );
    const { rows } = await client.query<{ folded: string; found: boolean | null }>(
      `select chat_search_fold(text) as folded, chat_search_vector(text, 'simple') @@ chat_search_query(query, 'simple') as found
         from rows from (unnest($1::text[]), unnest($2::text[])) as pairs (query, text)`,
      [pairs.map(({ query }) => query), pairs.map(({ text }) => text)],
    );
    const here = pairs.map(({ query, text }) => {
      const parsed = parseQuery(query);
      return { folded: fold(text), found: parsed === undefined ? null : matches(parsed, text) };
    });
    const differences = pairs.flatMap((pair, at) =>
      JSON.stringify(rows[at]) === JSON.stringify(here[at])
        ? []
        : [{ ...pair, there: rows[at], here: here[at] }],
    );
    expect(differences).toEqual([]);
    expect(here.filter(({ found }) => found).length).toBeGreaterThan(150);
  });

  it("accepts any input without an error", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: "binary" }).filter((text) => !text.includes("\0")),
        async (query) => {
          await found(query);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("uses the full-text index, because its function is inlined", async () => {
    await client.query("begin");
    await client.query("set local enable_seqscan = off");
    const { rows } = await client.query(
      "explain select * from search_chat_messages('light') where not is_deleted",
    );
    await client.query("rollback");
    expect(JSON.stringify(rows)).toContain("idx_chat_messages_search");
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
    const drafted = await server.createDatabase();
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
