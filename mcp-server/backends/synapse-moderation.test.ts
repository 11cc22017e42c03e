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
const state: Record<string, object> = {
  "m.room.create": event("m.room.create", { room_version: "11" }),
  "m.room.power_levels": event("m.room.power_levels", { users: { [me]: 90 } }),
  "m.room.member": event("m.room.member", { membership: "ban" }, { state_key: spammer }),
};
const redacted: string[] = [];
const client: SynapseClient = {
  read: async (_, answer) => answer.parse({ chunk: [edit(1), edit(2), edit(3)] }),
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
});

it("a ban that has had time for edits only does not tell that it deleted nothing", async () => {
  const rooms = synapseRooms(client, me);
  const { banUser } = moderation({
    ...{ client, rooms, me, enforcement: enforcement(client, rooms, me) },
    exists: async () => true,
  });
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
