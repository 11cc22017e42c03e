import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { changesOf, deviation, pack, unpack } from "./changes.ts";
import { parsePlan } from "./plan.ts";

const resource = (address: string, actions: string[], more: object = {}, change: object = {}) => ({
  address,
  mode: "managed",
  ...more,
  change: { actions, ...change },
});
const plan = (...resource_changes: object[]) =>
  parsePlan(JSON.stringify({ format_version: "1.2", resource_changes }), "plan.json");

describe("the changes of a plan", () => {
  it("are sorted addresses and actions, without values, data sources and unchanged resources", () => {
    expect(
      changesOf(
        plan(
          resource("b.two", ["delete", "create"], {}, { after: { image: "app:2" } }),
          resource("a.one", ["update"], {}, { before: { x: 1 }, after: { x: 2 } }),
          resource("a.same", ["no-op"]),
          resource("data.d.e", ["read"], { mode: "data" }),
        ),
      ),
    ).toEqual(["a.one: update", "b.two: delete, create"]);
  });

  it("tell the order of a replacement, which decides whether the resource is missing meanwhile", () => {
    const of = (...actions: string[]) => changesOf(plan(resource("a.b", actions)));
    expect(of("create", "delete")).not.toEqual(of("delete", "create"));
  });

  it("include moves, imports and deposed objects, which change the state", () => {
    expect(
      changesOf(
        plan(
          resource("a.new", ["no-op"], { previous_address: "a.old" }),
          resource("a.found", ["no-op"], {}, { importing: { id: "x" } }),
          resource("a.b", ["delete"], { deposed: "4be7f8d6" }),
        ),
      ),
    ).toEqual(["a.b (deposed object 4be7f8d6): delete", "a.found: import", "a.new: move from a.old"]);
  });

  it("are the same after packing and unpacking, whatever the addresses hold", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" })), (changes) => {
        const packed = pack(changes);
        expect(packed).toMatch(/^[A-Za-z0-9+/=]+$/);
        expect(unpack(packed)).toEqual(changes);
      }),
    );
  });

  it("of a thousand resources fit into a comment", () => {
    const changes = Array.from({ length: 1000 }, (_, i) => `aws_iam_role.chat_module_${i}_role: update`);
    expect(pack(changes).length).toBeLessThan(10_000);
  });

  it("are refused when their list is damaged or too large to unpack", () => {
    for (const damaged of ["", "AAAA", "!", pack(["x"]).slice(2)])
      expect(() => unpack(damaged)).toThrow("is damaged: plan again");
    expect(() => unpack(pack(["x".repeat(11 * 1024 * 1024)]))).toThrow("is damaged");
  });
});

describe("a plan", () => {
  it.each([
    ["text that is not JSON", "Planning failed", "plan.json is not JSON"],
    ["another document", "{}", "format_version"],
    ["an unknown format", '{"format_version":"2.0"}', "format_version"],
    [
      "an unknown action",
      JSON.stringify({ format_version: "1.2", resource_changes: [resource("a.b", ["explode"])] }),
      "resource_changes.0.change.actions.0",
    ],
    ["a plan that failed", '{"format_version":"1.2","errored":true}', "is a plan that failed"],
  ])("is refused when it is %s", (_, json, message) => {
    expect(() => parsePlan(json, "plan.json")).toThrow(message);
  });

  it("is refused without quoting its text", () => {
    expect(() => parsePlan('{"secret": hunter2', "plan.json")).toThrow(/^(?!.*hunter2)/);
  });
});

describe("the comparison with the review", () => {
  it("finds nothing where both are the same", () => {
    expect(deviation(["a: create", "b: update"], ["a: create", "b: update"])).toBeUndefined();
    expect(deviation([], [])).toBeUndefined();
  });

  it("names changes that were not reviewed and those no longer planned; another action counts as both", () => {
    expect(deviation(["a: update", "b: create"], ["a: delete, create", "c: delete"])).toEqual({
      unreviewed: ["a: delete, create", "c: delete"],
      gone: ["a: update", "b: create"],
    });
  });
});
