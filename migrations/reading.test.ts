import { beforeAll, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Client } from "pg";
import { fold, matches, parseQuery } from "../mcp-server/chat/search-query.ts";
import { rooms } from "../shared/chat-rooms.ts";
import { chatTables } from "../test/chat-tables.ts";
import { anyCharacter } from "../test/jest/any-character.ts";
import type { DatabaseConnection } from "../tools/servers/postgres.ts";

const { migrated, send } = chatTables();
let client: Client;
let database: DatabaseConnection;
beforeAll(() => {
  ({ client, database } = migrated);
});
const { community } = rooms;

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
    const others = [0, 1, 2].map(() => new Client(database));
    await Promise.all(others.map((other) => other.connect()));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        await client.query("truncate chat_messages cascade");
        const writers = others.map((other) => ({
          other,
          open: false,
          waiting: Promise.resolve() as Promise<unknown>,
        }));
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
        await poll();
        const { rows } = await client.query("select id, is_deleted from chat_messages");
        expect(seen).toEqual(new Map(rows.map(({ id, is_deleted }) => [id, is_deleted])));
      }),
      { numRuns: 15, endOnFailure: true },
    );
    await Promise.all(others.map((other) => other.end()));
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

  it("accepts any input without an error", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: anyCharacter }).filter((text) => !text.includes("\0")),
        async (query) => {
          await found(query);
        },
      ),
      { numRuns: 200 },
    );
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
