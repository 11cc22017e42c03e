import { beforeAll, describe, expect, it } from "@jest/globals";
import { Client } from "pg";
import { rooms } from "../shared/chat-rooms.ts";
import { chatTables, outcome, refused } from "../test/chat-tables.ts";
import type { DatabaseConnection } from "../tools/servers/postgres.ts";
import { messageRules } from "./rules.ts";

const { migrated, send } = chatTables();
let client: Client;
let database: DatabaseConnection;
beforeAll(() => {
  ({ client, database } = migrated);
});
const { community, partners } = rooms;

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
