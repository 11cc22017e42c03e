import { afterEach, expect, it, jest } from "@jest/globals";
import { enforcement } from "./sanctions-enforcement.ts";
import type { SynapseClient } from "./synapse-client.ts";
import { moderation } from "./synapse-moderation.ts";
import { synapseRooms } from "./synapse-rooms.ts";

const [me, room, spammer] = ["@phenom-mcp:example.org", "!room:example.org", "@spam:example.org"];
const event = (type: string, content: object, more: object = {}) => ({
  ...{ event_id: `$${type}:example.org`, type, content, sender: me, origin_server_ts: 1_800_000_000_000 },
  ...more,
});
const edit = (n: number) =>
  event(
    "m.room.message",
    { body: "* spam", "m.relates_to": { rel_type: "m.replace", event_id: "$spam:example.org" } },
    { event_id: `$edit${n}:example.org`, sender: spammer },
  );
const spam = event(
  "m.room.message",
  { body: "spam" },
  { event_id: "$spam:example.org", sender: spammer, room_id: room },
);
const state: Record<string, object> = {
  fetch_event: { event: spam },
  "m.room.create": event("m.room.create", { room_version: "11" }),
  "m.room.power_levels": event("m.room.power_levels", { users: { [me]: 90 } }),
  "m.room.member": event("m.room.member", { membership: "ban" }, { state_key: spammer }),
};
const redacted: string[] = [];
/** Edits that are left, of which the homeserver gives at most 100. */
let edits = 3;
const client: SynapseClient = {
  read: async (path, answer) => {
    if (path.includes("joined_rooms")) return answer.parse({ joined_rooms: [room] });
    const chunk = Array.from({ length: Math.min(edits, 100) }, (_, n) => edit(n));
    if (path.includes("/relations/")) edits -= chunk.length;
    return answer.parse({ chunk });
  },
  find: async (path, answer) => {
    const found = Object.entries(state).find(([type]) => path.includes(type))?.[1];
    return found && answer.parse(found);
  },
  send: async ({ path }, answer) => {
    redacted.push(path);
    return answer.parse({});
  },
};

afterEach(() => {
  jest.restoreAllMocks();
  redacted.length = 0;
});

const rooms = synapseRooms(client, me);
const { banUser, deleteMessage } = moderation({
  ...{ client, rooms, me, enforcement: enforcement(client, rooms, me) },
  exists: async () => true,
});

it("a deleted message takes all its edits with it, however many there are", async () => {
  edits = 230;
  await deleteMessage({ message_id: "$spam:example.org" }, new AbortController().signal);
  expect(redacted).toHaveLength(231);
  expect(redacted.at(-1)).toContain(encodeURIComponent("$spam:example.org"));
});

it("a ban that has had time for edits only does not tell that it deleted nothing", async () => {
  edits = 3;
  let clock = 0;
  jest.spyOn(performance, "now").mockImplementation(() => {
    clock += 3000;
    return clock;
  });
  await expect(
    banUser(
      { by: "support", room_id: room, user_id: spammer, delete_messages_since: "2001-01-01T00:00:00.000Z" },
      new AbortController().signal,
    ),
  ).rejects.toMatchObject({ code: "rate_limited", field: "delete_messages_since" });
  expect(redacted).toHaveLength(2);
});
