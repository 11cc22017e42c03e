import { expect, it } from "@jest/globals";
import { errors } from "../chat/error.ts";
import type { SynapseClient } from "./synapse-client.ts";
import { type SearchParts, searching } from "./synapse-search.ts";
import { NAME } from "./synapse-session.ts";

const room = "!room:example.org";
const unused = () => Promise.reject(new Error("is not asked"));

/** A homeserver with three messages, whose index takes too long. */
const client: SynapseClient = {
  read: unused,
  find: unused,
  send: () => Promise.reject(errors.timeout(NAME)),
};
const parts: SearchParts = {
  client,
  rooms: { assertMembership: async () => {}, joined: async () => [room], state: async () => undefined },
  timeline: {
    async *across() {
      for (const n of [3, 2, 1]) {
        const sent = {
          event_id: `$${n}`,
          sender: "@ann:example.org",
          origin_server_ts: 1_800_000_000_000 + n,
        };
        const content = { msgtype: "m.text", body: `cat ${n}` };
        yield {
          roomId: room,
          event: { type: "m.room.message", content, unsigned: {}, ...sent },
          profile: undefined,
        };
      }
      return true;
    },
  },
  toMessages: async (events) =>
    events.map(({ roomId, event }) => ({
      ...{
        id: event.event_id,
        room_id: roomId,
        user_id: event.sender,
        content: String(event.content["body"]),
      },
      ...{ message_type: "text", created_at: "2027-01-15T08:00:00Z" },
    })),
  exists: async () => true,
};

it("a page that a common word fills says that other forms of the word are missing, where they take too long to find", async () => {
  const { items, hint } = await searching(parts).searchMessages(
    { query: "cat", room_id: room, limit: 2 },
    new AbortController().signal,
  );
  expect(items.map(({ content }) => content)).toEqual(["cat 3", "cat 2"]);
  expect(hint).toMatch(/in another form only, such as the plural, are missing here/);
});
