import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { anyCharacter } from "../../test/jest/any-character.ts";
import { hasuraClaims } from "./claims.ts";

const allowedRoles = (groups: readonly string[]) =>
  JSON.parse(hasuraClaims("id", groups))["x-hasura-allowed-roles"];

const anyGroup = fc.oneof(
  fc.string({ unit: anyCharacter }),
  fc.constantFrom(
    "admin",
    "support",
    "chat_admin",
    "user",
    "agent",
    "internal",
    "Admin",
    " admin",
    "__proto__",
  ),
  fc.constantFrom('admin","x-hasura-role":"admin', 'support"]', "constructor", "admin\0"),
);

describe("the claims of a token", () => {
  it.each([
    [[], ["user"]],
    [["internal", "partners", "agent"], ["user"]],
    [["support"], ["user", "support"]],
    [["admin"], ["user", "support", "chat_admin"]],
    [
      ["admin", "support", "admin"],
      ["user", "support", "chat_admin"],
    ],
    [["Admin", "SUPPORT", "chat_admin", "support "], ["user"]],
  ])("the groups %j open the roles %j", (groups, roles) => {
    expect(allowedRoles(groups)).toEqual(roles);
  });

  it("are JSON text with the user's id and the default role", () => {
    expect(hasuraClaims("2f8d", [])).toBe(
      '{"x-hasura-user-id":"2f8d","x-hasura-default-role":"user","x-hasura-allowed-roles":["user"]}',
    );
  });

  it("hold only known roles, and never admin, for any names of groups", () => {
    fc.assert(
      fc.property(fc.array(anyGroup), (groups) => {
        const roles = allowedRoles(groups);
        const staff = groups.includes("admin") || groups.includes("support");
        expect(roles).not.toContain("admin");
        expect(roles).toEqual([
          "user",
          ...(staff ? ["support"] : []),
          ...(groups.includes("admin") ? ["chat_admin"] : []),
        ]);
      }),
    );
  });

  it("have three fields and the unchanged user id, for any id", () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.array(anyGroup), (userId, groups) => {
        const claims = JSON.parse(hasuraClaims(userId, groups));
        expect(Object.keys(claims)).toEqual([
          "x-hasura-user-id",
          "x-hasura-default-role",
          "x-hasura-allowed-roles",
        ]);
        expect(claims["x-hasura-user-id"]).toBe(userId);
        expect(claims["x-hasura-default-role"]).toBe("user");
      }),
    );
  });
});
