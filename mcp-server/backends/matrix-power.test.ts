import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { powerLevels } from "../bootstrap/rooms.ts";
import { changedLevels, roomPower } from "./matrix-power.ts";

const [owner, bot, ann] = ["@phenom-admin:x", "@phenom-mcp:x", "@ann:x"];
const bots = { admin: owner, mcp: bot };
const create = (version: string, more: object = {}) => ({
  sender: owner,
  content: { room_version: version, ...more },
});

describe("a user's role in a room of bootstrap", () => {
  const content = powerLevels({ users: { "@mod:x": 50, "@some:x": 49, "@muted:x": -1 } }, bots, new Set());
  const power = roomPower(create("10"), content);

  it.each([
    [owner, "admin"],
    [bot, "admin"],
    ["@mod:x", "support"],
    ["@some:x", "user"],
    [ann, "user"],
    ["@muted:x", "user"],
  ])("%s is %s", (user, role) => {
    expect(power.role(user)).toBe(role);
  });

  it("only a user below everybody else is muted", () => {
    expect(power.isMuted("@muted:x")).toBe(true);
    for (const user of [owner, bot, ann, "@some:x"]) expect(power.isMuted(user)).toBe(false);
  });
});

it("from room version 12 the creators are above all levels without an entry", () => {
  const power = roomPower(create("12", { additional_creators: [ann] }), { users: { [bot]: 90 } });
  for (const creator of [owner, ann]) {
    expect(power.of(creator)).toBe(Number.POSITIVE_INFINITY);
    expect(power.role(creator)).toBe("admin");
  }
  expect(roomPower(create("11"), {}).of(owner)).toBe(0);
});

it("in a room without power levels only the creator has power", () => {
  const power = roomPower(create("10"), undefined);
  expect([power.of(owner), power.of(ann), power.toSend]).toEqual([100, 0, 0]);
});

it("nobody is muted because only moderators may write in a room", () => {
  const power = roomPower(create("10"), { users: { [bot]: 90 }, events_default: 50 });
  expect(power.isMuted(ann)).toBe(false);
  expect(roomPower(create("10"), changedLevels(power, [ann], new Map())).isMuted(ann)).toBe(true);
});

it("the end of a mute restores the levels, for any levels", () => {
  const level = fc.integer({ min: -100, max: 100 });
  const contents = fc.record(
    {
      users: fc.dictionary(fc.constantFrom(ann, bot, "@ben:x"), level),
      users_default: level,
      events: fc.dictionary(fc.constantFrom("m.room.message", "m.reaction"), level),
      events_default: level,
      "org.example": fc.string(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(contents, (content) => {
      const before = roomPower(create("10"), content);
      const own = before.levels.users[ann] ?? null;
      const muted = roomPower(create("10"), changedLevels(before, [ann], new Map()));
      expect(muted.isMuted(ann)).toBe(true);
      const after = changedLevels(muted, [], new Map([[ann, own]]));
      expect(after).toEqual(before.levels);
      expect(after).toMatchObject(content);
    }),
  );
});
