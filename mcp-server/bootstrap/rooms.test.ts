import { expect, it } from "@jest/globals";
import fc from "fast-check";
import { homeserverConfig } from "../../modules/chat-synapse/homeserver/config.ts";
import { exampleProps } from "../../tools/servers/synapse.ts";
import { powerLevels, roomPlans } from "./rooms.ts";

const { serverName } = exampleProps;
const bots = { admin: `@phenom-admin:${serverName}`, mcp: `@phenom-mcp:${serverName}` };

it("the room that everyone joins at sign-in is the public one", () => {
  const open = roomPlans(serverName).filter(({ visibility }) => visibility === "public");
  expect(open.map(({ alias }) => alias)).toEqual(homeserverConfig(exampleProps).auto_join_rooms);
});

it("private rooms are joined by invitation and belong to a Cognito group", () => {
  for (const plan of roomPlans(serverName).filter(({ visibility }) => visibility === "private"))
    expect(plan).toMatchObject({ group: plan.key, state: { "m.room.join_rules": { join_rule: "invite" } } });
});

const people = fc.dictionary(
  fc.string().map((name) => `@${name}:${serverName}`),
  fc.integer({ min: -1, max: 50 }),
);

it("power levels keep those of users, and do not change when set again", () => {
  fc.assert(
    fc.property(people, fc.boolean(), (users, version12) => {
      const creators = new Set(version12 ? [bots.admin] : []);
      const once = powerLevels({ users, events: { "com.example": 7 } }, bots, creators);
      expect(once.users).toMatchObject(users);
      expect(once.events).toMatchObject({ "com.example": 7 });
      expect(powerLevels(once, bots, creators)).toEqual(once);
    }),
  );
});

it("the owner is above the MCP server's account, or a creator and so without an entry", () => {
  expect(powerLevels({}, bots, new Set()).users).toEqual({ [bots.admin]: 100, [bots.mcp]: 90 });
  expect(powerLevels({}, bots, new Set([bots.admin])).users).toEqual({ [bots.mcp]: 90 });
});
