import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { buildSchema, parse, validate } from "graphql";
import { contract } from "../../test/mcp-server/contract.ts";
import { type ChatDatabase, startChatDatabase } from "../../test/mcp-server/database.ts";
import { signedIn } from "../../tools/servers/agent-session.ts";
import { type HasuraServer, startHasuraServer } from "../../tools/servers/hasura.ts";
import { hasuraBackend } from "./hasura.ts";
import { type Operation, operations } from "./hasura-operations.ts";

contract("hasura", 60, async () => {
  const database = await startChatDatabase();
  const hasura = await startHasuraServer(database.connection);
  const backend = hasuraBackend({ endpoint: hasura.endpoint, session: signedIn(database.world.agent) });
  return {
    world: { ...database.world, backend },
    stop: async () => {
      await hasura.stop();
      await database.stop();
    },
  };
});

/** Operations by name; the pages of a list are several, in one direction or two. */
function operationsIn(name: string, value: object): [string, Operation<unknown>][] {
  return "document" in value
    ? [[name, value as Operation<unknown>]]
    : Object.entries(value).flatMap(([part, inner]) => operationsIn(`${name}, ${part}`, inner));
}

describe("the operations sent to Hasura", () => {
  const all = Object.entries(operations).flatMap(([name, value]): [string, Operation<unknown>][] =>
    operationsIn(name, value),
  );

  it.each(all)("%s is valid in the schema that its role gets", (_, { role, document }) => {
    const schema = buildSchema(
      readFileSync(`modules/chat-hasura-lite/metadata/schema/${role}.graphql`, "utf8"),
    );
    expect(validate(schema, parse(document))).toEqual([]);
  });
});

describe("the Hasura backend", () => {
  let database: ChatDatabase;
  let hasura: HasuraServer;
  const signal = () => new AbortController().signal;
  beforeAll(async () => {
    database = await startChatDatabase();
    hasura = await startHasuraServer(database.connection);
  });
  afterAll(async () => {
    await hasura.stop();
    await database.stop();
  });

  it("replaces a token once that is refused before it expires, and completes the call", async () => {
    const session = signedIn(database.world.agent);
    const chat = hasuraBackend({ endpoint: hasura.endpoint, session });
    const { idToken: first } = await session.identity();
    hasura.refuseTokens((token) => token === first);
    expect(await chat.listRooms({ include_inactive: false }, signal())).toHaveLength(3);
    expect(session.signIns()).toBe(2);
    hasura.refuseTokens(() => true);
    await expect(chat.listRooms({ include_inactive: false }, signal())).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(session.signIns()).toBe(3);
    hasura.refuseTokens(() => false);
  });

  it("fails a call as unavailable and is unhealthy while the engine cannot be reached", async () => {
    const chat = hasuraBackend({
      endpoint: "http://127.0.0.1:9/v1/graphql",
      session: signedIn(database.world.agent),
    });
    await expect(chat.listRooms({ include_inactive: false }, signal())).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(await chat.health(signal())).toEqual({ reachable: false, problem: "unavailable" });
  });

  it("deletes at most 1000 messages with one ban, and the rest when it is repeated", async () => {
    const chat = hasuraBackend({ endpoint: hasura.endpoint, session: signedIn(database.world.agent) });
    const user_id = await database.world.newUser();
    const room_id = await database.world.newRoom("A flood", [user_id]);
    await database.sql(
      "insert into chat_messages (room_id, user_id, content) select $1, $2, 'spam' from generate_series(1, 1001)",
      [room_id, user_id],
    );
    const ban = async () => {
      const order = {
        room_id,
        user_id,
        by: "support",
        delete_messages_since: "2001-01-01T00:00:00Z",
      } as const;
      return (await chat.banUser(order, signal())).deleted_messages;
    };
    expect([await ban(), await ban(), await ban()]).toEqual([1000, 1, 0]);
  });

  it("records the agent as the one who deleted a message", async () => {
    const chat = hasuraBackend({ endpoint: hasura.endpoint, session: signedIn(database.world.agent) });
    const user = await database.world.newUser();
    const room = await database.world.newRoom("Record", [user]);
    const id = await database.world.say(user, room, "rude");
    await chat.deleteMessage({ message_id: id }, signal());
    expect(
      await database.sql("select is_deleted, deleted_by from chat_messages where id = $1", [id]),
    ).toEqual([{ is_deleted: true, deleted_by: database.world.agent }]);
  });
});
